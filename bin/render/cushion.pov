// Kitenge cushion on a wooden bench: 1 navy with rings, 2 green with fans.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Ground = (Variant = 1 ? 1 : 0) * Rgb(34, 40, 78) + (Variant = 2 ? 1 : 0) * Rgb(52, 104, 74);
#declare Weave = normal { average normal_map { [1 gradient x 0.5 sine_wave scale 0.14] [1 gradient y 0.5 sine_wave scale 0.14] [2 bumps 0.35 scale <5, 4, 5>] } };
#declare Dry = finish { diffuse 0.76 specular 0.05 roughness 0.1 };

// Distance from the middle of the nearest ring, 11 cm apart, every second column half a step lower.
#declare Size = 11;
#declare Cell_x = function (x, y) { mod(x + 100.5 * Size, Size) - Size / 2 };
#declare Shift = function (x) { mod(floor((x + 100.5 * Size) / Size), 2) };
#declare Rings = function (x, y, z) { sqrt(pow(Cell_x(x, y), 2) + pow(mod(y + 100 * Size + Shift(x) * Size / 2, Size) - Size / 2, 2)) / (Size / 2) };
// Fans: the disc of a lower row covers the row above it. Each is an arc of bands about the middle of its foot.
#declare Fan = 13;
#declare Arc = function (x, y, n) { sqrt(pow(mod(x + 100 * Fan + n * Fan / 2, Fan) - Fan / 2, 2) + y * y) / (Fan / 2) };
#declare Step = Fan / 4;
#declare Row_y = function (y) { mod(y + 100 * Fan, Step) };
#declare Row_n = function (y) { floor((y + 100 * Fan) / Step) };
#declare Fans = function (x, y, z) {
  select(Arc(x, Row_y(y), Row_n(y)) - 1, Arc(x, Row_y(y), Row_n(y)),
    select(Arc(x, Row_y(y) + Step, Row_n(y) - 1) - 1, Arc(x, Row_y(y) + Step, Row_n(y) - 1), Arc(x, Row_y(y) + 2 * Step, Row_n(y) - 2)))
};
#declare Print = texture {
  pigment {
    #if (Variant = 1)
      function { Rings(x, y, z) / 1.6 }
      colour_map {
        [0.11 rgb Rgb(204, 146, 54)] [0.12 rgb Ground] [0.2 rgb Ground] [0.21 rgb Rgb(226, 214, 186)] [0.27 rgb Rgb(226, 214, 186)] [0.28 rgb Rgb(70, 92, 158)]
        [0.41 rgb Rgb(70, 92, 158)] [0.42 rgb Ground] [0.46 rgb Ground] [0.47 rgb Rgb(204, 146, 54)] [0.55 rgb Rgb(204, 146, 54)] [0.56 rgb Ground]
      }
    #else
      function { Fans(x, y, z) }
      colour_map {
        [0.2 rgb Rgb(200, 148, 60)] [0.22 rgb Ground] [0.36 rgb Ground] [0.38 rgb Rgb(214, 212, 174)] [0.48 rgb Rgb(214, 212, 174)] [0.5 rgb Rgb(36, 76, 54)]
        [0.7 rgb Rgb(36, 76, 54)] [0.72 rgb Rgb(126, 158, 98)] [0.86 rgb Rgb(126, 158, 98)] [0.88 rgb Ground * 0.7] [1 rgb Ground * 0.7]
      }
    #end
  }
  normal { Weave }
  finish { Dry }
};

#declare N = 56;
#macro Pillow(I, J, Side)
  #local U = 2 * I / N - 1; #local V = 2 * J / N - 1;
  #local Puff = pow(max(0, (1 - U * U) * (1 - V * V)), 0.42);
  #local Crease = 0.35 * sin(3.1 * U + 5.2 * V + 1) * (U * U + V * V) * Puff + 0.3 * sin(9 * U * V) * Puff;
  <22.5 * U * (1 - 0.075 * (1 - V * V)), 22.5 * V * (1 - 0.075 * (1 - U * U)), Side * (7.8 * Puff + Crease)>
#end
#macro Face(Side)
  mesh2 {
    vertex_vectors { (N + 1) * (N + 1) #for (I, 0, N) #for (J, 0, N) , Pillow(I, J, Side) #end #end }
    normal_vectors { (N + 1) * (N + 1) #for (I, 0, N) #for (J, 0, N)
      , vnormalize(vcross(Pillow(min(N, I + 0.4), J, Side) - Pillow(max(0, I - 0.4), J, Side), Pillow(I, min(N, J + 0.4), Side) - Pillow(I, max(0, J - 0.4), Side)) + <0, 0, 1e-6>) #end #end }
    Grid_faces(N, N)
    texture { Print }
  }
#end
#declare Edge = array[41];
#for (K, 0, 40)
  #local S = int(K / 10); #local F = (K - 10 * S) / 10 * N;
  #if (S = 0) #declare Edge[K] = Pillow(F, 0, 1); #end
  #if (S = 1) #declare Edge[K] = Pillow(N, F, 1); #end
  #if (S = 2) #declare Edge[K] = Pillow(N - F, N, 1); #end
  #if (S >= 3) #declare Edge[K] = Pillow(0, N - F, 1); #end
#end
#declare Edge[40] = Pillow(0, 0, 1);
union {
  Face(-1) Face(1)
  object { Tube(Edge, 0.42, 0.42, 1, z, 240, 10) pigment { rgb Rgb(198, 146, 66) } normal { bumps 0.3 scale 0.15 } finish { Dry } }
  rotate z * 3 rotate x * 14 rotate y * (Variant = 1 ? -22 : 18) translate <0, 22.6, 0>
}
Table(PalePlanks)
Wall(21, Rgb(226, 214, 196))
Shot(<4, 34, -92>, <0.5, 21.5, 0>, 37)
