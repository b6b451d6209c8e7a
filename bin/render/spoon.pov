// Wild olive cooking spoon on linen, with a sprig of olive leaves.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Olive = Wood(Rgb(190, 142, 88), Rgb(98, 62, 36), 0.8)
#declare Olive = texture { Olive rotate y * 92 translate <0, -2.2, 0.8> };

// The spoon along x, from the end of the handle at 0 to the tip of the bowl at 30.
#declare Half_width = Curve(array[12] { <0.62, 0, 0>, <0.82, 0, 0>, <0.8, 0, 0>, <0.74, 0, 0>, <0.7, 0, 0>, <0.72, 0, 0>, <0.9, 0, 0>, <1.7, 0, 0>, <2.9, 0, 0>, <3.25, 0, 0>, <3.3, 0, 0>, <3.3, 0, 0> })
#macro Skin(I, J, Steps, Around)
  #local T = I / Steps; #local A = 2 * pi * J / Around;
  #local W = Half_width(T).x * (T > 0.82 ? sqrt(max(0, 1 - pow((T - 0.82) / 0.1801, 2))) : (T < 0.02 ? sqrt(max(0, 1 - pow((0.02 - T) / 0.0201, 2))) : 1));
  #local Hollow = max(0, min(1, (T - 0.66) / 0.1)) * pow(sin(pi / 2 * max(0, min(1, (1 - T) / 0.14))), 1.5);
  #local Rise = 0.75 + 1.0 * pow(max(0, (0.62 - T) / 0.62), 1.4) + 0.35 * pow(max(0, T - 0.8) / 0.2, 2);
  #local Thick = 0.55 + 0.28 * min(1, W / 2) * Hollow * 1.6;
  #local Y = (sin(A) < 0 ? sin(A) * Thick * (1 + 0.7 * Hollow) : sin(A) * Thick * (1 - Hollow) - Hollow * 1.05 * pow(max(0, sin(A)), 0.8) * min(1, W / 2.4));
  <30 * T, Rise + Y + 0.45 * Hollow, W * cos(A) * (1 + 0.04 * Hollow)>
#end
#declare N = 120; #declare M = 48;
#declare Spoon = mesh2 {
  vertex_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M) , Skin(I, J, N, M) #end #end }
  normal_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M)
    , vnormalize(vcross(Skin(I, J + 0.4, N, M) - Skin(I, J - 0.4, N, M), Skin(min(N, I + 0.5), J, N, M) - Skin(max(0, I - 0.5), J, N, M)) + <0, 1e-6, 0>) #end #end }
  Grid_faces(N, M)
  texture { Olive }
};
object { Spoon translate x * -15 rotate y * -24 }

#macro Leaf_shape(L, Colour, Bend)
  #local P = 14; #local Q = 6;
  mesh2 {
    vertex_vectors { (P + 1) * (Q + 1) #for (I, 0, P) #for (J, -Q / 2, Q / 2)
      #local T = I / P; , <L * T, Bend * sin(pi * T) + 0.12 * abs(J) / 3 * sin(pi * T), 0.62 * pow(sin(pi * pow(T, 0.85)), 0.8) * J / (Q / 2)> #end #end }
    Grid_faces(P, Q)
    texture {
      pigment { function { abs(z) } colour_map { [0.02 rgb Rgb(176, 186, 140)] [0.06 rgb Colour] [0.6 rgb Colour * 0.86] } }
      normal { bumps 0.15 scale 0.2 } finish { diffuse 0.72 specular 0.16 roughness 0.05 }
    }
  }
#end
#declare Twig = array[5] { <0, 0.3, 0>, <3, 0.55, 0.4>, <6, 0.6, 0.3>, <9, 0.5, -0.3>, <11.4, 0.4, -0.6> }
union {
  object { Tube(Twig, 0.16, 0.08, 1, y, 30, 8) pigment { rgb Rgb(112, 92, 66) } }
  #declare Where = Curve(Twig)
  #declare Chance = seed(4);
  #for (I, 1, 11)
    #local P = Where(I / 11.5);
    object { Leaf_shape(3.2 + rand(Chance), Rgb(96 + 24 * rand(Chance), 116, 74), 0.25 + 0.35 * rand(Chance)) rotate x * (rand(Chance) * 40 - 20) rotate z * 6 rotate y * (mod(I, 2) - 0.5) * (86 + 30 * rand(Chance)) translate P }
  #end
  object { Leaf_shape(3.4, Rgb(104, 122, 78), 0.3) rotate y * 8 translate Where(0.98) }
  rotate y * -16 translate <-1.5, 0, 6.4>
}
#declare Fruit = texture { pigment { bozo colour_map { [0 rgb Rgb(58, 52, 42)] [1 rgb Rgb(96, 104, 54)] } scale 0.8 } finish { diffuse 0.7 specular 0.35 roughness 0.02 } };
sphere { 0, 0.8 scale <1.2, 1, 1> rotate y * 30 translate <-3.4, 0.8, 5.2> texture { Fruit } }
sphere { 0, 0.74 scale <1.2, 1, 1> rotate y * -40 translate <9.6, 0.74, 7.2> texture { Fruit } }

Table(GreyLinen)
Shot(<-3, 42, -27>, <0.2, 0, 1.4>, 36)
