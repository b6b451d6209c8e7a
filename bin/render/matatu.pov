// Tin matatu: a toy van cut from oil tins, painted blue with a yellow line, luggage on the roof.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#macro Enamel(Colour)
  texture {
    pigment { bozo colour_map { [0 rgb Colour * 0.93] [1 rgb Colour * 1.05] } scale 2 }
    normal { bumps 0.06 scale 1.4 }
    finish { diffuse 0.7 specular 0.3 roughness 0.02 reflection { 0.04, 0.3 falloff 4 } }
  }
  texture { // scratches and chips down to the tin
    pigment { granite colour_map { [0 rgbt Clear(Rgb(176, 172, 166), 0.1)] [0.06 rgbt Clear(Rgb(176, 172, 166), 0.5)] [0.1 rgbt Clear(Rgb(176, 172, 166), 1)] } scale <3, 2, 3> }
    finish { diffuse 0.6 specular 0.3 roughness 0.02 }
  }
#end
#declare Blue = Enamel(Rgb(40, 56, 126))
#declare Yellow = Enamel(Rgb(214, 160, 48))
#declare Pale = Enamel(Rgb(232, 224, 206))
#declare Crimson = Enamel(Rgb(156, 38, 38))
#declare Rubber = texture { pigment { rgb Rgb(38, 36, 36) } normal { bumps 0.15 scale 0.2 } finish { diffuse 0.7 specular 0.08 roughness 0.1 } };
#declare Pane = texture { pigment { rgb Rgb(150, 172, 182) } finish { diffuse 0.5 specular 0.4 roughness 0.01 reflection { 0.1, 0.5 falloff 4 } } };

// The body: the side view of a van, 21 cm long, pressed out 8.4 cm wide with rolled edges.
#declare Side = array[15] {
  <-10, 2.4, 0>, <-10.2, 5, 0>, <-10.1, 8.4, 0>, <-9.6, 10.2, 0>, <-8.4, 10.9, 0>, <-2, 11.05, 0>, <4.4, 10.95, 0>, <6.3, 10.3, 0>, <7.5, 8.6, 0>,
  <8.4, 6.9, 0>, <9.9, 6.4, 0>, <10.3, 5.4, 0>, <10.3, 3.2, 0>, <10.1, 2.4, 0>, <9.6, 2.2, 0>
}
#declare Outline = Curve(Side)
#declare Paint = texture {
  function { select(y - 5.75, select(y - 4.85, select(y - 4.35, select(y - 3.6, 0, 3), 0), 1), select(y - 6.1, 2, 0)) / 4 }
  texture_map { [0.12 Blue] [0.12 Yellow] [0.37 Yellow] [0.37 Pale] [0.62 Pale] [0.62 Crimson] }
};
#declare Steps = 120; #declare Half = 4.2;
// Across: 0 to 8 is one side, 2 to 6 the sheet bent over the outline.
#macro Hull(I, J)
  #local P = (I < Steps ? Outline(I / Steps) : Side[0]);
  #local C = <0, 5.6, 0>;
  #local Inset = (J = 0 ? 0.02 : (J = 8 ? 0.02 : (J = 1 ? 0.9 : (J = 7 ? 0.9 : (J = 2 ? 0.975 : (J = 6 ? 0.975 : 1))))));
  #local Z = (J <= 1 ? -Half : (J = 2 ? -Half + 0.08 : (J = 3 ? -Half + 0.4 : (J = 4 ? 0 : (J = 5 ? Half - 0.4 : (J = 6 ? Half - 0.08 : Half))))));
  (C + (P - C) * Inset + z * Z)
#end
#declare Body = mesh2 {
  vertex_vectors { (Steps + 1) * 9 #for (I, 0, Steps) #for (J, 0, 8) , Hull(I, J) #end #end }
  Grid_faces(Steps, 8)
  texture { Paint }
};

#macro Wheel(X, Z)
  union {
    torus { 1.5, 0.5 rotate x * 90 texture { Rubber } }
    cylinder { <0, 0, -0.3>, <0, 0, 0.3>, 1.35 texture { Rubber } }
    difference {
      cylinder { <0, 0, -0.38>, <0, 0, 0.38>, 1.12 }
      #for (K, 0, 4) cylinder { <0.68, 0, -1>, <0.68, 0, 1>, 0.24 rotate z * 72 * K } #end
      texture { Brass }
    }
    sphere { <0, 0, -0.4>, 0.26 texture { Steel } }
    sphere { <0, 0, 0.4>, 0.26 texture { Steel } }
    rotate z * 31 * X translate <X, 2, Z>
  }
#end

union {
  object { Body }
  // windows, each in a folded frame, on both sides
  #for (S, -1, 1, 2)
    #declare From = array[4] { -9.2, -5.1, -1.0, 3.1 }
    #for (K, 0, 3)
      object { Soft_box(<From[K], 6.75, -0.1>, <From[K] + 3.5, 9.6, 0.1>, 0.09) texture { Pale } translate z * S * Half }
      object { Soft_box(<From[K] + 0.25, 7, -0.14>, <From[K] + 3.25, 9.35, 0.14>, 0.06) texture { Pane } translate z * S * Half }
    #end
    #for (K, 0, 2) cylinder { <-1.2 + 4.1 * K - 4.1, 2.6, S * (Half + 0.02)>, <-1.2 + 4.1 * K - 4.1, 6.4, S * (Half + 0.02)>, 0.05 texture { Blue } } #end
    object { Soft_box(<-0.6, 5.95, -0.14>, <0.5, 6.2, 0.14>, 0.08) texture { Steel } translate z * S * (Half + 0.06) }
    // wheel arches
    #for (X, -6.4, 6.6, 13) torus { 2.15, 0.16 rotate x * 90 translate <X, 2.1, S * (Half - 0.02)> texture { Blue } clipped_by { plane { -y, -2.2 } } } #end
    #for (X, -6.4, 6.6, 13) cylinder { <X, 2.1, S * (Half - 0.6)>, <X, 2.1, S * (Half + 0.02)>, 2.1 texture { Rubber } clipped_by { plane { -y, -2.2 } } } #end
    object { Wheel(-6.4, S * (Half - 0.05)) }
    object { Wheel(6.6, S * (Half - 0.05)) }
    sphere { 0, 0.72 scale <0.5, 1, 1> translate <10.25, 4.7, S * 3> texture { Pane } }
    torus { 0.74, 0.12 rotate z * 90 translate <10.3, 4.7, S * 3> texture { Brass } }
  #end
  // windscreen, bumpers, plate
  object { Soft_box(<-0.12, 0, -3.5>, <0.12, 2.7, 3.5>, 0.1) texture { Pane } rotate z * 30 translate <8.12, 7.2, 0> }
  object { Soft_box(<10.1, 2.3, -4.3>, <10.8, 3.0, 4.3>, 0.25) texture { Steel } }
  object { Soft_box(<-10.8, 2.3, -4.3>, <-10.1, 3.0, 4.3>, 0.25) texture { Steel } }
  object { Soft_box(<10.2, 3.25, -1.5>, <10.5, 4.05, 1.5>, 0.08) texture { Yellow } }
  // the rack of wire and what it carries
  #for (S, -1, 1, 2)
    cylinder { <-6.4, 12.1, S * 3>, <4.2, 12.1, S * 3>, 0.13 texture { Steel } }
    #for (X, -6.2, 4.2, 3.4) cylinder { <X, 10.9, S * 3>, <X, 12.1, S * 3>, 0.11 texture { Steel } } #end
  #end
  #for (X, -6.2, 4.2, 3.4) cylinder { <X, 11.4, -3>, <X, 11.4, 3>, 0.11 texture { Steel } } #end
  object { Soft_box(<-5.4, 11.45, -2>, <-2, 13.7, 1.9>, 0.25) Leather(Rgb(122, 76, 48)) }
  #for (X, -4.7, -2.6, 2.1) object { Soft_box(<X, 11.4, -2.06>, <X + 0.4, 13.76, 1.96>, 0.1) Leather(Rgb(80, 48, 30)) } #end
  object { Soft_box(<-1.3, 11.45, -1.6>, <2.6, 13.1, 1.7>, 0.5) texture { Yellow } }
  #declare Roll = Fibre(Rgb(150, 60, 48))
  cylinder { <3.2, 12.2, -2.2>, <3.2, 12.2, 2.2>, 0.8 texture { Roll } }
  rotate y * 24
}
Table(Planks)
Wall(40, Rgb(222, 206, 184))
Shot(<0, 18, -52>, <0.3, 6.0, 0>, 37)
