// Oval bread basket with an indigo band, a cloth and mandazi in it.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"
#include "coils.inc"

Dye(0, Rgb(220, 196, 152))
Dye(1, Rgb(50, 60, 120))
Dye(2, Rgb(150, 100, 58))
Dye(3, Rgb(172, 84, 52))

#macro Pattern(Row, Part)
  #local Number = 0;
  #if (Between(Row, 5, 6) | Between(Row, 16, 17)) #local Number = 1; #end
  #if (Between(Row, 8, 14) & abs(Motif(Part, 18) - (Row - 7.6) / 6.8) < 0.2) #local Number = 3; #end
  #if (Row >= 23) #local Number = 2; #end
  Number
#end
#declare Side = array[6] { <7.6, 0.35, 0>, <8.8, 0.9, 0>, <9.9, 2.8, 0>, <10.6, 5, 0>, <11, 7.2, 0>, <11.2, 8.8, 0> }
#declare Inside = array[4] { <7.6, 0.8, 0>, <9.3, 2.8, 0>, <10.2, 5.6, 0>, <10.7, 8.7, 0> }
union {
  union { Twined(Side, 25, 0.6, 12) }
  object { Revolved(Inside, 20, 80) Fibre(Rgb(170, 140, 98)) }
  scale <1.5, 1, 1>
}

// The cloth: a sheet that hangs into the basket and over its rim.
#declare Linen_white = texture {
  pigment { average pigment_map {
    [1 gradient x triangle_wave colour_map { [0 rgb Rgb(214, 208, 192)] [1 rgb Rgb(244, 240, 228)] } scale 0.2]
    [1 gradient z triangle_wave colour_map { [0 rgb Rgb(214, 208, 192)] [1 rgb Rgb(244, 240, 228)] } scale 0.2] } }
  normal { bumps 0.15 scale <0.12, 0.12, 0.12> }
  finish { diffuse 0.75 }
};
#declare Fold = function (a, r) { 0.55 * r * r * (sin(7 * a + 1) + 0.6 * sin(11 * a + 4) + 0.5 * sin(4 * a)) };
#macro Drape(I, J, N, M)
  #local A = 2 * pi * J / M; #local T = I / N;
  // along the sheet: the bottom, up the wall, over the rim, a little down outside
  #local R = (T < 0.78 ? 10.4 * pow(T / 0.78, 0.8) : 10.4 + 1.7 * sin(min(1, (T - 0.78) / 0.16) * pi / 2));
  #local Y = (T < 0.78 ? 1.6 + 7.4 * pow(T / 0.78, 3.2) : 9 + 0.7 * sin(min(1, (T - 0.78) / 0.16) * pi) - 1.7 * max(0, T - 0.88) / 0.12 * (0.3 + 0.7 * pow(abs(sin(1.5 * A + 0.9)), 2)));
  #local W = Fold(A, T) * (T < 0.78 ? 0.7 : 0.55);
  <(R + W * 0.5) * cos(A) * 1.47, max(0.4, Y + W * (T < 0.88 ? 0.75 : 0)), (R + W * 0.5) * sin(A)>
#end
#declare N = 60; #declare M = 220;
mesh2 {
  vertex_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M) , Drape(I, J, N, M) #end #end }
  normal_vectors { (N + 1) * (M + 1) #for (I, 0, N) #for (J, 0, M)
    , vnormalize(vcross(Drape(I, J + 0.5, N, M) - Drape(I, J - 0.5, N, M), Drape(min(N, I + 0.5), J, N, M) - Drape(max(0.1, I - 0.5), J, N, M)) + <0, 1e-6, 0>) #end #end }
  Grid_faces(N, M)
  texture { Linen_white }
}

// Mandazi: puffed triangles, fried brown with a pale seam.
#declare Round = function (a) { pow(pow(max(0, cos(a)), 7) + pow(max(0, cos(a - 2 * pi / 3)), 7) + pow(max(0, cos(a + 2 * pi / 3)), 7), -1 / 7) };
#macro Puff(I, J) // from the middle of the top, I = 0, over the edge, I = 20, to the middle of the bottom
  #local A = 2 * pi * J / 60; #local T = (I <= 20 ? I : 40 - I) / 20; #local R = 2.15 * sin(T * pi / 2) * (1 + (Round(A) - 1) * T);
  <R * cos(A), (I <= 20 ? 1 : -1) * 1.75 * pow(cos(T * pi / 2), 0.75) + 0.1 * sin(3 * A + 2) * T, R * sin(A)>
#end
#declare Mandazi = mesh2 {
  vertex_vectors { 41 * 61 #for (I, 0, 40) #for (J, 0, 60) , Puff(I, J) #end #end }
  normal_vectors { 41 * 61 #for (I, 0, 40) #for (J, 0, 60) , vnormalize(vcross(Puff(max(0.02, min(39.98, I + 0.5)), J) - Puff(max(0.01, I - 0.5), J), Puff(max(0.02, min(39.98, I)), J + 0.5) - Puff(max(0.02, min(39.98, I)), J - 0.5)) + <0, 1e-6, 0>) #end #end }
  Grid_faces(40, 60)
  texture {
    pigment {
      function { min(0.9, max(0, abs(y) * 0.55 + 0.06 * sin(x * 1.3 + z))) }
      pigment_map {
        [0.05 bozo colour_map { [0 rgb Rgb(196, 148, 88)] [1 rgb Rgb(208, 162, 98)] }]
        [0.5 bozo turbulence 0.3 colour_map { [0 rgb Rgb(150, 92, 46)] [1 rgb Rgb(176, 114, 60)] } scale 1.2]
      }
    }
    normal { average normal_map { [1 bumps 0.25 scale 0.22] [1 bumps 0.2 scale 0.9] } }
    finish { diffuse 0.7 specular 0.05 roughness 0.1 }
  }
};
#macro Put(X, Y, Z, A, B, C) object { Mandazi scale 1.22 rotate <A, B, C> translate <X, Y + 1.1, Z> } #end
Put(-9, 5.2, 0.5, -12, 20, 14) Put(-3.4, 5, -3.4, -24, 80, 4) Put(3.4, 5.2, -3.2, -20, 10, -6) Put(9.2, 5.2, -0.6, -8, 140, -16)
Put(4.5, 5.4, 4, 30, 60, 0) Put(-4.2, 5.4, 4, 24, -20, 4) Put(-5.8, 7.6, -0.2, -14, 50, 16) Put(0.2, 8.2, -0.6, -22, -14, 4) Put(5.8, 7.8, 0.2, -14, 96, -14) Put(-0.4, 8.4, 3.6, 16, 180, 6)

Table(Planks)
Wall(90, Rgb(220, 206, 186))
Shot(<-6, 34, -58>, <0.2, 4.6, 0>, 44)
