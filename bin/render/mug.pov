// Speckled stoneware mug: 1 cream, 2 indigo, 3 leaf green. The glaze ends in a line that is never level.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#if (Variant = 1) #declare Colour = Rgb(233, 220, 194); #end
#if (Variant = 2) #declare Colour = Rgb(46, 56, 116); #end
#if (Variant = 3) #declare Colour = Rgb(88, 126, 100); #end
#declare Glaze = Speckled(Colour, Glossy)
#declare Clay = Speckled(Rgb(196, 166, 128), Matt)

#declare Wave = function (x, y, z) { y - 3.3 - 0.45 * sin(2 * atan2(z, x) + 1.9) - 0.16 * sin(5 * atan2(z, x)) };
#declare Dipped = texture {
  function { min(1, max(0, 0.5 + Wave(x, y, z) * 4)) }
  texture_map { [0.4 Clay] [0.6 Glaze] }
};

#declare Profile = array[17] {
  <0, 0.3, 0>, <2.5, 0.3, 0>, <2.75, 0.05, 0>, <3.1, 0.08, 0>, <3.5, 0.6, 0>, <3.72, 1.6, 0>, <3.9, 3.4, 0>, <4.08, 5.3, 0>, <4.22, 7.2, 0>,
  <4.33, 8.8, 0>, <4.3, 9.12, 0>, <4.14, 9.22, 0>, <4.0, 9.1, 0>, <3.95, 8.6, 0>, <3.85, 6, 0>, <3.6, 3, 0>, <3.2, 1.2, 0>
}
#declare Handle = array[8] {
  <3.95, 7.9, 0>, <4.6, 7.95, 0>, <5.8, 7.75, 0>, <6.75, 6.7, 0>, <6.8, 5.1, 0>, <6.0, 3.7, 0>, <4.7, 3.1, 0>, <3.8, 3.15, 0>
}
#declare Chai = union {
  disc { <0, 8.1, 0>, y, 3.97 }
  pigment { bozo turbulence 0.5 colour_map { [0 rgb Rgb(150, 100, 62)] [1 rgb Rgb(166, 116, 76)] } scale 2 }
  normal { bumps 0.02 scale 2 }
  finish { diffuse 0.7 specular 0.3 roughness 0.01 reflection { 0.02, 0.4 falloff 4 } }
};
#declare Mug = union {
  Revolved(Profile, 90, 100)
  Tube(Handle, 0.55, 0.5, 1.25, z, 40, 20)
  texture { Dipped }
};

union {
  object { Mug }
  object { Chai }
  #if (Variant = 3) rotate y * 32 #else rotate y * (Variant = 2 ? -12 : 18) #end
}

#if (Variant = 1)
  Table(Planks) Wall(34, Rgb(226, 214, 196))
  Shot(<1.5, 17, -44>, <1, 4.6, 0>, 29)
#end
#if (Variant = 2)
  Table(Linen) Wall(34, Rgb(216, 202, 180))
  Shot(<3, 22, -42>, <0.8, 4.2, 0>, 24)
#end
#if (Variant = 3)
  Table(Stone) Wall(34, Rgb(224, 208, 194))
  Shot(<-2, 15, -44>, <1, 4.7, 0>, 21)
#end
