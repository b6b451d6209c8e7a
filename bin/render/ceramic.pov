// Ceramic bead necklace laid in an open loop on linen.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Glazes = array[5];
#declare Glazes[0] = Speckled(Rgb(50, 60, 124), Glossy)
#declare Glazes[1] = Speckled(Rgb(172, 86, 58), Glossy)
#declare Glazes[2] = Speckled(Rgb(232, 222, 200), Glossy)
#declare Glazes[3] = Speckled(Rgb(122, 162, 176), Glossy)
#declare Glazes[4] = Speckled(Rgb(204, 152, 68), Glossy)
#declare Order = array[10] { 4, 3, 2, 1, 0, 4, 3, 2, 1, 0 }

// Half the loop, from the middle bead at the bottom (0) to the knot (1); the other half is its mirror image.
#declare Half = array[8] { <0, 0, -11.6>, <4.4, 0, -10.6>, <7.6, 0, -7.4>, <9.0, 0, -3>, <8.9, 0, 1.6>, <7.6, 0, 6.4>, <5.0, 0, 10.6>, <0.7, 0, 13.2> }
#declare Loop = Curve(Half)
#declare Chance = seed(8);
#macro Bead(P, R, D, Number)
  union {
    difference {
      sphere { 0, R scale <0.96 + 0.06 * rand(Chance), 0.97 + 0.06 * rand(Chance), 0.9> }
      cylinder { <0, 0, -2>, <0, 0, 2>, 0.16 }
    }
    texture { Glazes[Number] translate 5 * rand(Chance) }
    rotate z * 360 * rand(Chance)
    rotate y * degrees(atan2(D.x, D.z))
    translate <P.x, R * 0.97, P.z>
  }
#end
#macro Mirrored(V, S) <(V).x * S, (V).y, (V).z> #end
Bead(Loop(0), 1.28, <1, 0, 0>, 4)
#for (S, -1, 1, 2)
  #local T = 0; #local Before = 1.28; 
  #for (I, 1, 9)
    #local R = 1.28 - 0.068 * I;
    #local Start = Loop(T); #local Need = (Before + R) * 0.86;
    #while (vlength(Loop(T) - Start) < Need) #local T = T + 0.001; #end
    #local D = Loop(T + 0.01) - Loop(T - 0.01);
    Bead(Mirrored(Loop(T), S), R, Mirrored(D, S), Order[I])
    #local Before = R;
  #end
  // the cord, from the last bead to the knot
  #local Cord = array[9];
  #for (I, 0, 8) #declare Cord[I] = Mirrored(Loop(T - 0.02 + (1 - T + 0.02) * I / 8), S) + <0, (I = 0 ? 0.5 : 0.2), 0>; #end
  object { Tube(Cord, 0.17, 0.17, 1, y, 60, 10) Leather(Rgb(92, 56, 34)) }
#end
// the knot and its ends
torus { 0.32, 0.17 rotate x * 70 translate <0.1, 0.35, 13.2> Leather(Rgb(92, 56, 34)) }
torus { 0.3, 0.17 rotate <60, 40, 0> translate <-0.25, 0.4, 13.25> Leather(Rgb(92, 56, 34)) }
#declare End_a = array[4] { <0.2, 0.3, 13.2>, <1.2, 0.2, 14.2>, <2.4, 0.18, 14.6>, <3.6, 0.18, 14.3> }
#declare End_b = array[4] { <-0.2, 0.3, 13.2>, <-1.1, 0.2, 14.4>, <-2.0, 0.18, 15.4>, <-2.2, 0.18, 16.6> }
object { Tube(End_a, 0.16, 0.16, 1, y, 24, 10) Leather(Rgb(92, 56, 34)) }
object { Tube(End_b, 0.16, 0.16, 1, y, 24, 10) Leather(Rgb(92, 56, 34)) }

Table(Linen)
Shot(<-3, 58, -28>, <0, 0, 0.9>, 23)
