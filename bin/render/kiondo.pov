// Classic sisal kiondo with leather handles: 1 terracotta bands and a black lattice, 2 indigo diamonds.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"
#include "coils.inc"

Dye(0, Rgb(224, 204, 166))
Dye(1, (Variant = 1 ? 1 : 0) * Rgb(170, 82, 50) + (Variant = 2 ? 1 : 0) * Rgb(48, 58, 118))
Dye(2, Rgb(48, 40, 36))
Dye(3, Rgb(196, 142, 62))
Dye(4, Rgb(150, 70, 48))

#macro Pattern(Row, Part)
  #local Number = 0;
  #if (Variant = 1)
    #if (Between(Row, 9, 13) | Between(Row, 29, 33)) #local Number = 1; #end
    #if (Row = 15 | Row = 27) #local Number = 2; #end
    #if (Between(Row, 17, 25) & abs(Motif(Part, 18) - abs(Row - 21) / 4.6) < 0.24) #local Number = 2; #end
  #else
    #if (Between(Row, 8, 10) | Between(Row, 31, 33)) #local Number = 1; #end
    #if (Between(Row, 14, 27) & Motif(Part, 13) * 1.25 + abs(Row - 20.5) / 7 < 1) #local Number = 1; #end
    #if (Between(Row, 18, 23) & Motif(Part, 13) * 1.25 + abs(Row - 20.5) / 7 < 0.44) #local Number = 3; #end
  #end
  #if (Row >= 43) #local Number = 4; #end
  Number
#end

#declare Wall_of_it = array[9] {
  <12.2, 0.3, 0>, <13.4, 1.0, 0>, <14.4, 3.6, 0>, <15.1, 7.5, 0>, <15.3, 11.5, 0>, <15.1, 15.5, 0>, <14.7, 19.5, 0>, <14.5, 22.8, 0>, <14.7, 25.0, 0>
}
#declare Inside = array[6] { <11.8, 0.6, 0>, <13.9, 3.6, 0>, <14.7, 9, 0>, <14.5, 15.5, 0>, <14, 20, 0>, <14.05, 24.9, 0> }
#declare Hide = Leather(Rgb(112, 66, 40))
#declare Thread = texture { pigment { rgb Rgb(214, 190, 150) } finish { Matt } };

// One handle: a rolled strap, two tabs riveted to the wall at z = -14.
#macro Handle(Tilt)
  union {
    #local Bow = array[9] { <-5.4, -0.5, 0>, <-5.5, 2.5, 0>, <-5.3, 6.5, 0>, <-3.9, 9.8, 0>, <0, 11.3, 0>, <3.9, 9.8, 0>, <5.3, 6.5, 0>, <5.5, 2.5, 0>, <5.4, -0.5, 0> }
    object { Tube(Bow, 0.62, 0.62, 1.25, z, 70, 16) texture { Hide } rotate x * Tilt }
    #for (S, -1, 1, 2)
      union { // a tab with two rivets and a seam
        object { Soft_box(<-1.35, -6.2, -0.22>, <1.35, 0.6, 0.22>, 0.2) texture { Hide } }
        #for (K, 0, 1) sphere { <0, -0.9 - 3.9 * K, 0>, 0.42 scale <1, 1, 0.45> texture { Brass } translate z * -0.24 } #end
        #for (K, 0, 12)
          #for (E, -1, 1, 2) sphere { 0, 0.16 scale <0.4, 1, 0.4> texture { Thread } translate <E * 1.08, -0.2 - 0.45 * K, -0.23> } #end
        #end
        rotate x * 2 translate <S * 5.4, 0, 0.06>
      }
    #end
  }
#end

union {
  union { Twined(Wall_of_it, 45, 0.78, 16) }
  object { Revolved(Inside, 40, 80) Fibre(Rgb(150, 122, 84)) }
  cylinder { <0, 0.3, 0>, <0, 0.7, 0>, 12.2 Fibre(Rgb(150, 122, 84)) }
  object { Handle(9) translate <0, 24.4, -14.55> }
  object { Handle(12) rotate y * 180 translate <0, 24.4, 14.55> }
  rotate y * (Variant = 1 ? 16 : -20)
}

#if (Variant = 1) Table(PalePlanks) Wall(46, Rgb(220, 208, 190)) #else Table(Stone) Wall(46, Rgb(206, 206, 200)) #end
Shot(<4, 34, -84>, <0.8, 16.8, 0>, 28)
