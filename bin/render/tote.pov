// Everyday leather tote with short handles and cream stitching: 1 tan, 2 charcoal.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Colour = (Variant = 1 ? 1 : 0) * Rgb(172, 112, 66) + (Variant = 2 ? 1 : 0) * Rgb(92, 90, 90);
#declare Hide = Leather(Colour)
#declare Deep_hide = Leather(Colour * 0.72)
#declare Thread = texture { pigment { rgb Rgb(226, 212, 182) } finish { Matt } };
#declare High = 30;

// The wall at height T (0 to 1) and turn A: a rounded box that narrows in depth towards its mouth, and sags a little.
#macro Wall_of_it(T, A)
  #local W = 17.2 + 1.2 * T - 0.5 * sin(pi * T); #local D = 6 - 3.1 * pow(T, 1.3) + 0.5 * sin(pi * T);
  #local R = 1 / pow(pow(abs(cos(A)), 7) + pow(abs(sin(A)), 7), 1 / 7);
  #local C = R * cos(A);
  #local Sag = 0.35 * sin(7 * C + 3 * T + 0.6) * T;
  <W * C, High * T + 0.5 * pow(abs(C), 3) * pow(T, 3) - 0.9 * pow(T, 4) * (1 - C * C), (D + Sag) * R * sin(A)>
#end
#macro Shell(Scale, From)
  #local N = 36; #local M = 160;
  mesh2 {
    vertex_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M) , Wall_of_it(From + (1 - From) * I / N, 2 * pi * J / M) * <Scale, 1, Scale> #end #end }
    normal_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M)
      #local T = From + (1 - From) * I / N; #local A = 2 * pi * J / M;
      , vnormalize(vcross(Wall_of_it(T, A + 0.03) - Wall_of_it(T, A - 0.03), Wall_of_it(min(1, T + 0.02), A) - Wall_of_it(max(0, T - 0.02), A)) + <0, 1e-6, 0>) #end #end }
    Grid_faces(N, M)
  }
#end
// A seam: stitches along the wall from <T, A> to <T, A>, lifted off it by 0.1.
#macro Seam(T1, A1, T2, A2, Count)
  #for (I, 0, Count - 1)
    #local F = (I + 0.2) / Count; #local G = (I + 0.8) / Count;
    #local P = Wall_of_it(T1 + (T2 - T1) * F, A1 + (A2 - A1) * F) * <1.004, 1, 1.012>; #local Q = Wall_of_it(T1 + (T2 - T1) * G, A1 + (A2 - A1) * G) * <1.004, 1, 1.012>;
    cylinder { P, Q, 0.1 texture { Thread } }
  #end
#end
#declare Rim = array[49];
#for (K, 0, 48) #declare Rim[K] = Wall_of_it(1, 2 * pi * K / 48); #end

#macro Handle(Side)
  #local A = 1.5 * pi + 0.37; #local Low = Wall_of_it(0.68, A); #local Top = Wall_of_it(0.92, A);
  #local Z = Side * (abs(Top.z) + 0.25);
  #local Bow = array[9] { <-6.6, 25.6, Z>, <-6.7, 29, Z * 1.02>, <-6.6, 34, Z>, <-5, 39.5, Z * 0.8>, <0, 42.2, Z * 0.7>, <5, 39.5, Z * 0.8>, <6.6, 34, Z>, <6.7, 29, Z * 1.02>, <6.6, 25.6, Z> }
  object { Tube(Bow, 0.42, 0.42, 2.6, z + y * 0.001, 80, 18) texture { Hide } }
  #for (S, -1, 1, 2)
    #local At = Wall_of_it(0.8, (Side < 0 ? 1.5 * pi + S * 0.37 : 0.5 * pi - S * 0.37));
    union { // a tab with its seam and a rivet
      object { Soft_box(<-1.7, -4.6, -0.28>, <1.7, 3.8, 0.28>, 0.25) texture { Hide } }
      #for (K, 0, 15) #for (E, -1, 1, 2) sphere { 0, 0.2 scale <0.45, 1, 0.45> texture { Thread } translate <E * 1.35, -4.1 + 0.5 * K, Side * 0.29> } #end #end
      sphere { 0, 0.5 scale <1, 1, 0.4> texture { Brass } translate <0, -3.2, Side * 0.3> }
      rotate x * -Side * degrees(atan2(abs(Low.z) - abs(Top.z), Top.y - Low.y))
      translate <S * 6.65, At.y, At.z + Side * 0.12>
    }
  #end
#end

union {
  object { Shell(1, 0) texture { Hide } }
  object { Shell(0.975, 0.05) Leather(Colour * 0.55) }
  object { Tube(Rim, 0.3, 0.3, 1, y, 200, 8) texture { Deep_hide } }
  object { Soft_box(<-16.2, -0.02, -5.3>, <16.2, 0.6, 5.3>, 0.3) texture { Deep_hide } }
  Seam(0.955, pi + 0.01, 0.955, 2 * pi - 0.01, 92) Seam(0.955, pi, 0.955, 0, 92)
  Seam(0.12, pi + 0.01, 0.12, 2 * pi - 0.01, 92) Seam(0.14, pi + 0.01, 0.14, 2 * pi - 0.01, 92)
  Handle(-1) Handle(1)
  sphere { 0, 0.75 scale <1, 1, 0.5> texture { Brass } translate Wall_of_it(0.9, 1.5 * pi) - z * 0.1 }
  rotate y * (Variant = 1 ? 24 : 12)
}
#if (Variant = 1) Table(Planks) Wall(44, Rgb(222, 210, 192)) #else Table(Stone) Wall(44, Rgb(214, 206, 194)) #end
Shot(<3, 36, -98>, <0.6, 20.4, 0>, 28)
