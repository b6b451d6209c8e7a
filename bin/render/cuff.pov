// Beaded cuff bracelet with a leather lining: 1 red and ochre with black diamonds, 2 blue with green ones.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#macro Bead_of(Colour) texture { pigment { rgb Colour } finish { Glass } } #end
#declare Beads = array[5];
#if (Variant = 1)
  #declare Beads[0] = Bead_of(Rgb(158, 30, 34)) #declare Beads[1] = Bead_of(Rgb(234, 226, 208)) #declare Beads[2] = Bead_of(Rgb(34, 30, 32)) #declare Beads[3] = Bead_of(Rgb(208, 146, 48))
#else
  #declare Beads[0] = Bead_of(Rgb(40, 58, 138)) #declare Beads[1] = Bead_of(Rgb(236, 230, 214)) #declare Beads[2] = Bead_of(Rgb(44, 116, 76)) #declare Beads[3] = Bead_of(Rgb(122, 172, 196))
#end
#declare Chance = seed(3);
#declare Across = 3.15; #declare Deep = 2.75; // the oval of a wrist
#declare Count = 88; #declare Rows = 13;

union {
  #for (I, 0, Count - 1)
    #local A = 2 * pi * I / Count;
    #for (Row, 0, Rows - 1)
      #local M = abs(mod(I, 8) - 4); #local Up = abs(Row - 6);
      #local Number = 0;
      #if (Up <= 4) #local Number = 1; #end
      #if (M + Up <= 4) #local Number = 2; #end
      #if (M + Up <= 1) #local Number = (Variant = 1 ? 1 : 3); #end
      #if (Up <= 4 & M + Up >= 7) #local Number = 3; #end
      #if (Up = 5) #local Number = 3; #end
      sphere { 0, 0.152
        scale <0.8, 0.98 + 0.06 * rand(Chance), 0.72 + 0.06 * rand(Chance)>
        texture { Beads[Number] }
        rotate z * 6 * (rand(Chance) - 0.5)
        rotate y * 90 translate <0.03 * (rand(Chance) - 0.5), 0.36 + 0.285 * Row, 0>
        rotate y * (-degrees(atan2(sin(A) * Across, cos(A) * Deep)))
        translate <Across * cos(A), 0, Deep * sin(A)>
      }
    #end
  #end
  // the leather, with an edge rolled out at top and bottom
  #declare Lining = array[9] { <0.99, 0.1, 0>, <1.045, 0.04, 0>, <1.06, 0.16, 0>, <1.0, 0.25, 0>, <0.965, 0.3, 0>, <0.965, 3.75, 0>, <1.0, 3.9, 0>, <1.055, 4.0, 0>, <1.03, 4.14, 0> }
  object { Revolved(Lining, 60, 100) scale <Across * 0.98, 1, Deep * 0.98> Leather(Rgb(110, 66, 42)) }
  #declare Inner = array[4] { <0.93, 0.08, 0>, <0.925, 1.3, 0>, <0.925, 2.8, 0>, <0.94, 4.12, 0> }
  object { Revolved(Inner, 20, 100) scale <Across, 1, Deep> Leather(Rgb(128, 80, 52)) }
  #declare Lip = array[5] { <0.935, 4.1, 0>, <0.95, 4.18, 0>, <0.98, 4.2, 0>, <1.01, 4.18, 0>, <1.02, 4.08, 0> }
  object { Revolved(Lip, 12, 100) scale <Across, 1, Deep> Leather(Rgb(110, 66, 42)) }
  rotate y * (Variant = 1 ? 20 : -28)
}

#if (Variant = 1)
  Table(Linen) Wall(24, Rgb(220, 208, 190))
  Shot(<-1.5, 9.4, -17>, <0.1, 1.7, 0>, 33)
#else
  Table(PalePlanks) Wall(24, Rgb(212, 210, 202))
  Shot(<2, 11, -16>, <0, 1.6, 0>, 33)
#end
