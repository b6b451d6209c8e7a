// Mango wood chopping board from above, with limes.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Mango = Wood(Rgb(206, 168, 122), Rgb(156, 112, 70), 1.7)
#declare Stripe = Wood(Rgb(104, 66, 42), Rgb(62, 38, 24), 1.2)
#declare Mango = texture { Mango rotate y * 90 translate <0, -7, 2> };
#declare Stripe = texture { Stripe rotate y * 90 translate <0, -6, 1> };

#declare Board = difference {
  union {
    object { Soft_box(<-15, 0, -11>, <15, 2.2, 11>, 0.45) }
    object { Soft_box(<12, 0, -2.6>, <25, 2.2, 2.6>, 0.45) }
  }
  cylinder { <22.6, -1, 0>, <22.6, 3, 0>, 0.95 }
  texture { function { select(abs(z - 4.6) - 1.5, 0, 1) } texture_map { [0.5 Stripe] [0.5 Mango] } }
};

#declare Peel = texture {
  pigment { bozo colour_map { [0 rgb Rgb(72, 104, 34)] [1 rgb Rgb(116, 142, 52)] } scale 1.4 }
  normal { bumps 0.25 scale 0.16 }
  finish { diffuse 0.7 specular 0.3 roughness 0.03 }
};
#declare Cut = texture { // the face of half a lime: segments, skins between them, white pith, peel
  function { select(sqrt(x * x + y * y) - 2.12, select(abs(sin(4.5 * atan2(y, x))) * sqrt(x * x + y * y) - 0.24, 1, 0), select(sqrt(x * x + y * y) - 2.4, 1, 2)) / 2 }
  texture_map {
    [0.2 pigment { granite colour_map { [0 rgb Rgb(172, 186, 90)] [1 rgb Rgb(206, 212, 132)] } scale 0.7 } normal { bumps 0.3 scale 0.2 } finish { diffuse 0.7 specular 0.5 roughness 0.02 }]
    [0.2 pigment { rgb Rgb(226, 226, 184) } finish { Satin }] [0.7 pigment { rgb Rgb(226, 226, 184) } finish { Satin }]
    [0.7 pigment { rgb Rgb(92, 122, 44) } finish { Satin }]
  }
};
#declare Lime = union {
  sphere { 0, 2.55 scale <1.1, 1, 1> } sphere { <2.75, 0, 0>, 0.45 } sphere { <-2.7, 0, 0>, 0.35 }
  texture { Peel }
};
#declare Half_lime = intersection {
  sphere { 0, 2.55 texture { Peel } }
  plane { z, 0 texture { Cut } }
  rotate x * -90
};

union {
  object { Board }
  object { Half_lime rotate y * 20 scale 0.96 translate <-2.6, 4.6, -5> }
  object { Half_lime rotate <-50, 0, 0> rotate y * 30 translate <-7.6, 4.3, -0.8> }
  rotate y * -16
}
object { Lime rotate <0, 60, 8> translate <17, 2.5, 13> }

Table(Stone)
Shot(<0, 60, -38>, <3.6, 0, -0.2>, 40)
