// Etched soapstone bowl, seen from a little above.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Veins = texture {
  pigment { granite turbulence 0.35 colour_map { [0 rgb Rgb(206, 170, 154)] [0.4 rgb Rgb(222, 194, 180)] [0.62 rgb Rgb(230, 208, 194)] [0.8 rgb Rgb(212, 178, 160)] [1 rgb Rgb(196, 156, 140)] } scale <9, 5, 9> rotate z * 20 }
  normal { bumps 0.03 scale 0.5 }
  finish { diffuse 0.72 specular 0.16 roughness 0.03 reflection { 0.01, 0.14 falloff 4 } }
};
#declare Scratched = texture {
  pigment { granite colour_map { [0 rgb Rgb(110, 64, 50)] [1 rgb Rgb(146, 96, 78)] } scale 0.6 }
  normal { bumps 0.4 scale 0.1 }
  finish { Matt }
};
// Diamonds between two lines round the outside; triangles on the rim.
#declare Turn = function (x, z) { atan2(z, x) / pi };
#declare Saw = function (x, n) { abs(mod(x * n + 4 * n, 2) - 1) };
#declare Diamonds = function (x, y, z) { abs(y - 6.1) / 0.85 + Saw(Turn(x, z), 20) * 1.15 - 0.92 };
#declare Lines = function (x, y, z) { min(abs(y - 7.3), abs(y - 4.9)) - 0.07 };
#declare Outside = function (x, y, z) { min(Diamonds(x, y, z), Lines(x, y, z)) + select(sqrt(x * x + z * z) - (5.65 + y * 0.48), 9, 0) };
#declare Skin = texture {
  function { select(Outside(x, y, z), 0, 1) }
  texture_map { [0.5 Scratched] [0.5 Veins] }
};

#declare Bowl = array[21] {
  <0, 0.5, 0>, <3.4, 0.5, 0>, <3.75, 0.05, 0>, <4.25, 0, 0>, <4.4, 0.35, 0>, <4.2, 0.95, 0>, <4.35, 1.4, 0>, <5.7, 2.2, 0>, <7.4, 3.6, 0>, <8.7, 5.4, 0>, <9.5, 7.2, 0>,
  <9.95, 8.9, 0>, <10.0, 9.2, 0>, <9.85, 9.4, 0>, <9.45, 9.42, 0>, <9.25, 9.2, 0>, <8.8, 7.4, 0>, <7.8, 5.2, 0>, <6.0, 3.4, 0>, <3.0, 2.5, 0>, <0, 2.35, 0>
}
object { Revolved(Bowl, 110, 130) texture { Skin } }

// Groundnuts, as when friends come.
#declare Shell = texture {
  pigment { granite colour_map { [0 rgb Rgb(150, 108, 66)] [1 rgb Rgb(214, 174, 124)] } scale 0.7 }
  normal { crackle 0.5 scale 0.28 }
  finish { Matt }
};
#declare Nut = blob {
  threshold 0.5
  sphere { <-0.75, 0, 0>, 1.15, 1.2 } sphere { <0.75, 0, 0>, 1.2, 1.2 } cylinder { <-0.6, 0, 0>, <0.6, 0, 0>, 0.75, 0.5 }
  texture { Shell }
};
#declare Chance = seed(11);
#for (I, 1, 62)
  #local A = 2.4 * I; #local R = 0.79 * sqrt(I);
  object { Nut scale 0.74 rotate <rand(Chance) * 360, 0, rand(Chance) * 40 - 20> rotate y * rand(Chance) * 360
    translate <R * cos(A), 5.6 + 1.35 * (1 - R * R / 42) + 0.5 * rand(Chance), R * sin(A)> }
#end
object { Nut scale 0.8 rotate y * 35 translate <9.6, 0.5, -8.5> }
object { Nut scale 0.8 rotate y * -60 translate <12.4, 0.5, -7> }

Table(DarkPlanks)
Wall(60, Rgb(206, 200, 190))
Shot(<4, 27, -50>, <0.4, 4.2, 0>, 38)
