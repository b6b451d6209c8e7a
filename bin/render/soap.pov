// Three cold-process soap bars tied with twine, coffee beans beside them.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#macro Soap(A, B, C, Grit)
  texture {
    pigment {
      agate agate_turb 0.55 colour_map { [0 rgb A] [0.5 rgb A * 0.5 + B * 0.5] [0.75 rgb B] [1 rgb A] } scale <5, 2.2, 4> rotate z * 8
    }
    normal { average normal_map { [1 bumps 0.1 scale 0.5] [1 gradient x 0.06 sine_wave turbulence 0.3 scale 0.3] } }
    finish { diffuse 0.76 specular 0.1 roughness 0.07 }
  }
  texture {
    pigment { crackle form x colour_map { [0 rgbt Clear(C, 0.1)] [Grit rgbt Clear(C, 0.3)] [Grit + 0.05 rgbt Clear(C, 1)] } scale 0.42 }
    finish { diffuse 0.76 specular 0.1 roughness 0.07 }
  }
#end
#declare Coffee = Soap(Rgb(104, 70, 48), Rgb(128, 92, 66), Rgb(44, 26, 18), 0.24)
#declare Honey = Soap(Rgb(214, 172, 98), Rgb(228, 198, 138), Rgb(170, 120, 62), 0.14)
#declare Neem = Soap(Rgb(134, 152, 112), Rgb(168, 180, 142), Rgb(82, 100, 62), 0.1)

object { Soft_box(<-4.1, 0, -2.9>, <4.1, 2.5, 2.9>, 0.28) texture { Coffee } rotate y * 3 }
object { Soft_box(<-4.1, 0, -2.9>, <4.1, 2.5, 2.9>, 0.28) texture { Honey } rotate y * -4 translate <-0.12, 2.5, 0.05> }
object { Soft_box(<-4.1, 0, -2.9>, <4.1, 2.5, 2.9>, 0.28) texture { Neem } rotate y * 2 translate <0.14, 5, -0.05> }

// Twine: two twisted yarns, drawn round the stack.
#declare Yarn = texture { pigment { granite colour_map { [0 rgb Rgb(160, 126, 80)] [1 rgb Rgb(214, 184, 136)] } scale 0.3 } normal { bumps 0.5 scale 0.08 } finish { Matt } };
#macro Yarns(Points, N, Turns)
  #local Mid = Curve(Points)
  #for (Ply, 0, 1)
    #local Wound = array[N + 1];
    #for (I, 0, N)
      #local T = I / N; #local D = vnormalize(Mid(min(1, T + 0.01)) - Mid(max(0, T - 0.01)));
      #local B = vnormalize(vcross(D, <0.31, 0.42, 0.85>)); #local C = vcross(D, B); #local A = 2 * pi * (Turns * T + Ply / 2);
      #declare Wound[I] = Mid(T) + 0.07 * (cos(A) * B + sin(A) * C);
    #end
    object { Tube(Wound, 0.085, 0.085, 1, <0.3, 0.4, 0.8>, N * 2, 7) texture { Yarn } }
  #end
#end
#declare Round = array[13] { <0.1, 7.62, 0>, <0.1, 7.64, -2>, <0.1, 7.58, -2.85>, <0.1, 7.2, -3.06>, <0.1, 5, -3.12>, <0.1, 2.5, -3.12>, <0.1, 0.3, -3.05>, <0.1, 0.1, 0>, <0.1, 0.3, 3.05>, <0.1, 4, 3.12>, <0.1, 7.2, 3.06>, <0.1, 7.6, 2.6>, <0.1, 7.62, 0> }
#declare Along = array[13] { <0, 7.62, 0>, <-3, 7.64, 0>, <-3.95, 7.58, 0>, <-4.26, 7.1, 0>, <-4.36, 5, 0>, <-4.34, 2.5, 0>, <-4.2, 0.3, 0>, <0, 0.1, 0>, <4.2, 0.3, 0>, <4.36, 4, 0>, <4.36, 7, 0>, <4, 7.58, 0>, <0, 7.62, 0> }
Yarns(Round, 110, 20) Yarns(Along, 130, 24)
#declare Loop_a = array[7] { <0, 7.75, 0>, <-1.0, 8.5, -0.3>, <-2.4, 8.85, -0.7>, <-3.0, 8.4, -0.9>, <-2.4, 7.9, -0.8>, <-1.1, 7.8, -0.3>, <0, 7.8, 0> }
#declare Loop_b = array[7] { <0, 7.75, 0>, <1.0, 8.4, 0.1>, <2.3, 8.75, 0.2>, <3.1, 8.3, 0.1>, <2.5, 7.85, -0.1>, <1.1, 7.8, -0.1>, <0, 7.8, 0> }
#declare Tail_a = array[5] { <0, 7.8, 0>, <-0.5, 7.95, -1.0>, <-1.0, 7.85, -2.1>, <-1.3, 7.5, -3.05>, <-1.5, 6.3, -3.3> }
#declare Tail_b = array[5] { <0, 7.8, 0>, <0.6, 7.95, -0.9>, <1.3, 7.85, -2.0>, <1.7, 7.5, -3.05>, <1.8, 6.7, -3.3> }
Yarns(Loop_a, 50, 8) Yarns(Loop_b, 50, 8) Yarns(Tail_a, 40, 6) Yarns(Tail_b, 36, 5)
sphere { <0, 7.84, 0>, 0.3 texture { Yarn } }

#declare Bean = difference {
  sphere { 0, 1 scale <0.62, 0.36, 0.42> }
  cylinder { <-1, 0.38, 0>, <1, 0.38, 0>, 0.09 }
  texture { pigment { bozo colour_map { [0 rgb Rgb(56, 34, 24)] [1 rgb Rgb(88, 54, 36)] } } normal { bumps 0.1 scale 0.15 } finish { diffuse 0.7 specular 0.25 roughness 0.03 } }
};
#declare Chance = seed(12);
#macro Beans(X, Z) object { Bean rotate x * (rand(Chance) * 50 - 25) rotate y * rand(Chance) * 360 translate <X, 0.36, Z> } #end
Beans(6.4, -3.4) Beans(7.5, -2.5) Beans(6.9, -4.6) Beans(8.6, -3.9) Beans(5.6, -5) Beans(9.3, -1.6) Beans(-6.2, -4.3) Beans(-7.2, -3.5) Beans(-5.4, -5.2) Beans(7.7, -5.7)

Table(PalePlanks)
Wall(26, Rgb(212, 210, 198))
Shot(<-6, 14.5, -27>, <0.9, 3.5, 0>, 37)
