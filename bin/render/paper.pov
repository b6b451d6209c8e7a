// Long paper bead necklace, laid twice round on stone: rolled paper beads with a small brass bead between each.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

// A rolled strip of a printed page: bands towards the ends, thick in the middle, varnished.
#declare Papers = array[7];
#macro Paper(Number, A, B, C)
  #declare Papers[Number] = texture {
    pigment {
      gradient z triangle_wave turbulence 0.03
      colour_map { [0 rgb A] [0.3 rgb A] [0.3 rgb B] [0.42 rgb B] [0.42 rgb C] [0.6 rgb C] [0.6 rgb A * 0.9] [0.8 rgb A] [0.8 rgb B] [1 rgb B] }
      scale 1.9 translate z * 0.1
    }
    normal { gradient z 0.25 sine_wave scale 0.14 }
    finish { Glass }
  };
#end
Paper(0, Rgb(160, 42, 40), Rgb(226, 212, 184), Rgb(120, 30, 34))
Paper(1, Rgb(50, 62, 128), Rgb(196, 206, 214), Rgb(40, 46, 88))
Paper(2, Rgb(64, 112, 78), Rgb(222, 210, 176), Rgb(44, 82, 60))
Paper(3, Rgb(230, 218, 190), Rgb(90, 84, 80), Rgb(214, 196, 160))
Paper(4, Rgb(206, 152, 62), Rgb(226, 212, 180), Rgb(150, 96, 42))
Paper(5, Rgb(174, 88, 54), Rgb(232, 220, 196), Rgb(60, 64, 110))
Paper(6, Rgb(116, 158, 172), Rgb(236, 228, 208), Rgb(70, 100, 120))

#declare Spindle = array[7] { <0.16, -0.82, 0>, <0.22, -0.8, 0>, <0.36, -0.5, 0>, <0.44, 0, 0>, <0.36, 0.5, 0>, <0.22, 0.8, 0>, <0.16, 0.82, 0> }
#declare Rolled = object { Revolved(Spindle, 14, 18) rotate x * 90 }
#declare Chance = seed(21);

// The strand: a closed loop laid twice round, which crosses itself once.
#macro Strand(T) // T from 0 to 2 turns
  #local A = 2 * pi * T;
  #local R = 8.3 + 1.75 * cos(A / 2 + 0.5) + 0.4 * sin(1.5 * A + 1) + 0.3 * sin(2.5 * A);
  <R * cos(A + 0.6) * 1.3, 0.4 + 0.62 * exp(-pow((A - 3 * pi + 1) / 0.42, 2)), R * sin(A + 0.6)>
#end
#declare T = 0;
#declare Now = Strand(0);
#while (T < 1.985)
  #declare Then = T;
  #while (vlength(Strand(Then) - Now) < 2.06) #declare Then = Then + 0.0008; #end
  #declare Next = Strand(Then);
  #declare D = Next - Now; #declare Turn = degrees(atan2(D.x, D.z));
  object { Rolled texture { Papers[int(6.99 * rand(Chance))] translate z * 2 * rand(Chance) } scale 0.95 + 0.1 * rand(Chance) rotate y * Turn translate (Now + Next) / 2 + y * 0.02 }
  sphere { 0, 0.2 scale <1, 1, 0.85> texture { Brass } rotate y * Turn translate <Next.x, 0.3, Next.z> }
  cylinder { <Now.x, 0.32, Now.z>, <Next.x, 0.32, Next.z>, 0.05 pigment { rgb Rgb(60, 50, 44) } }
  #declare T = Then; #declare Now = Next;
#end

Table(Stone)
Shot(<-4, 40, -31>, <0, 0, -0.4>, 36)
