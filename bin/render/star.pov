// Beaded star ornament hanging from a red cord before a wall: rings of glass beads on wire.
#declare Brightness = 1.2;
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#macro Bead_of(Colour) texture { pigment { rgb Colour } finish { Glass } } #end
#declare Beads = array[4];
#declare Beads[0] = Bead_of(Rgb(160, 28, 34))
#declare Beads[1] = Bead_of(Rgb(236, 230, 214))
#declare Beads[2] = Bead_of(Rgb(36, 104, 68))
#declare Beads[3] = Bead_of(Rgb(206, 148, 48))
#declare Gold = texture { pigment { rgb Rgb(206, 156, 66) } finish { diffuse 0.35 specular 0.5 roughness 0.015 metallic reflection { 0.4 metallic } } };
#declare Chance = seed(17);

// The outline of the star, one point up: T from 0 to 10, a corner at each whole number.
#macro Corner(K) #local A = pi / 2 + K * pi / 5; (mod(K, 2) = 0 ? 1 : 0.46) * <cos(A), sin(A), 0> #end
#macro Outline(T) #local K = int(T); (Corner(K) + (T - K) * (Corner(K + 1) - Corner(K))) #end

#declare Rings = array[8] { 0, 0, 1, 2, 2, 3, 0, 1 }
union {
  #for (Ring, 0, 7)
    #local Size = 5.5 * (1 - Ring / 8.6);
    #local Each = max(2, int(Size * 0.614 / 0.27 + 0.5));
    #local Step = Size * 0.614 / Each;
    #for (I, 0, 10 * Each - 1)
      #local P = Outline(I / Each) * Size; #local Q = Outline(mod(I + 1, 10 * Each) / Each) * Size;
      #local Number = Rings[Ring];
      sphere { 0, min(0.172, Step * 0.64)
        scale <0.86, 1 + 0.1 * rand(Chance), 1>
        texture { Beads[Number] }
        rotate z * (degrees(atan2(Q.y - P.y, Q.x - P.x)) + 5 * (rand(Chance) - 0.5))
        translate (P + Q) / 2 + <0.03 * (rand(Chance) - 0.5), 0.03 * (rand(Chance) - 0.5), -0.05 * Ring * (Ring > 0 ? 1 : 0) + 0.05 * (rand(Chance) - 0.5)>
      }
    #end
  #end
  #for (K, 0, 8, 2) sphere { Corner(K) * 5.72, 0.26 texture { Gold } } #end
  sphere { <0, 0, -0.45>, 0.3 texture { Gold } }
  torus { 0.42, 0.075 rotate x * 90 translate <0, 6.3, 0> texture { Gold } }
  rotate <0, 13, 2>
}
#declare Cord = array[5] { <-0.2, 6.55, 0>, <-0.22, 8.5, 0>, <-0.1, 11, 0>, <-0.15, 14, 0>, <-0.1, 18, 0> }
object { Tube(Cord, 0.09, 0.09, 1, z, 40, 8) pigment { rgb Rgb(150, 30, 34) } normal { gradient y 0.8 sine_wave scale 0.16 } }
object { Tube(Cord, 0.09, 0.09, 1, z, 40, 8) pigment { rgb Rgb(150, 30, 34) } normal { gradient y 0.8 sine_wave scale 0.16 } translate <-0.14, 0, 0.1> }

Wall(2.6, Rgb(226, 216, 200))
Shot(<0.5, 1.5, -34>, <0.4, 1.6, 0>, 23)
