// A pair of rolled beeswax candles, the taller one lit.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

// Honeycomb: hexagonal cells pressed into the sheet, as a height of the surface round the candle.
#declare Cell = 0.62;
#declare Hex = function (u, v) { max(abs(u), abs(u) * 0.5 + abs(v) * 0.866) };
#declare Near = function (u, v, w, h) { Hex(mod(u + 500 * w, w) - w / 2, mod(v + 500 * h, h) - h / 2) };
#declare Comb = function (u, v) { min(Near(u, v, Cell, Cell * 1.732), Near(u + Cell / 2, v + Cell * 0.866, Cell, Cell * 1.732)) / (Cell / 2) };
#declare Wax_colour = Rgb(210, 152, 66);

#declare Skin = function (x, y, z) { 0 };

#macro Candle(R, H)
  #local N = int(2 * pi * R / Cell + 0.5);
  #local Wide = Cell * N / (2 * pi); // so that cells meet at the seam
  #undef Skin
  #declare Skin = function (x, y, z) { Comb(atan2(z, x) * Wide, y) };
  union {
    isosurface {
      function { sqrt(x * x + z * z) - R + 0.075 * (1 - pow(min(1, Skin(x, y, z)), 4)) }
      contained_by { box { <-R - 0.05, 0, -R - 0.05>, <R + 0.05, H, R + 0.05> } }
      max_gradient 1.8 accuracy 0.004
    }
    // the rolled sheet as one sees it from above
    #local Spiral = array[26];
    #for (I, 0, 25) #local A = I * 0.98; #declare Spiral[I] = <(R - 0.1) * (1 - I / 27) * cos(A), H, (R - 0.1) * (1 - I / 27) * sin(A)>; #end
    object { Tube(Spiral, 0.13, 0.11, 1, y, 180, 8) }
    sphere { Spiral[0], 0.13 }
    cylinder { <0, 0.1, 0>, <0, H - 0.05, 0>, R - 0.09 }
    // the edge of the sheet, down the side
    object { Soft_box(<-0.14, 0, -0.12>, <0.16, H + 0.04, 0.1>, 0.08) translate <0, 0, -R + 0.02> rotate y * 24 }
    texture {
      pigment { bozo colour_map { [0 rgb Wax_colour * 0.9] [1 rgb Wax_colour * 1.12] } scale 2.4 }
      normal { bumps 0.06 scale 0.3 }
      finish { diffuse 0.74 specular 0.14 roughness 0.06 }
    }
  }
#end
#macro Wick(H) 
  #local Bend = array[4] { <0, H - 0.2, 0>, <0.02, H + 0.3, 0>, <0.1, H + 0.65, 0>, <0.24, H + 0.95, 0> }
  object { Tube(Bend, 0.085, 0.07, 1, z, 16, 8) pigment { gradient y colour_map { [0 rgb Rgb(206, 190, 150)] [1 rgb Rgb(206, 190, 150)] } } }
#end

union { object { Candle(1.75, 20) } rotate y * 20 translate <-2.6, 0, 0.6> }
union { object { Candle(1.75, 14) } object { Wick(14) } rotate y * -50 translate <2.8, 0, -1.2> }

// The flame and its light.
union {
  #local Bend = array[4] { <0, 19.8, 0>, <0.02, 20.2, 0>, <0.05, 20.5, 0>, <0.12, 20.75, 0> }
  object { Tube(Bend, 0.085, 0.07, 1, z, 16, 8) pigment { rgb Rgb(36, 26, 22) } }
  translate <-2.6, 0, 0.6>
}
#declare Flame = array[9] { <0, -0.25, 0>, <0.2, -0.12, 0>, <0.36, 0.2, 0>, <0.42, 0.6, 0>, <0.36, 1.05, 0>, <0.25, 1.55, 0>, <0.13, 2.0, 0>, <0.05, 2.3, 0>, <0, 2.45, 0> }
object { Revolved(Flame, 40, 30)
  texture {
    pigment { gradient y colour_map { [0 rgbt <0.2, 0.28, 0.6, 0.75>] [0.14 rgbt <1, 0.62, 0.2, 0.5>] [0.3 rgbt <1, 0.8, 0.42, 0.1>] [0.75 rgbt <1, 0.84, 0.5, 0.05>] [1 rgbt <1, 0.6, 0.2, 0.5>] } scale 2.8 translate y * -0.3 }
    finish { diffuse 0 emission Exposure * 1.5 }
  }
  no_shadow no_radiosity translate <-2.55, 20.55, 0.6>
}
#if (!Depth)
  light_source { <-2.55, 21.6, 0.6> colour rgb Exposure * <1, 0.62, 0.26> * 0.7 fade_distance 5 fade_power 2 }
#end

Table(Planks)
Wall(15, Rgb(196, 186, 172))
Shot(<1, 20, -58>, <0.2, 11.4, 0>, 18.5)
