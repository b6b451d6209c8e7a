// Terracotta and cream teapot with a zigzag drawn in slip.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Glaze = Speckled(Rgb(158, 86, 62), Glossy)
#declare Bare = Speckled(Rgb(226, 210, 180), Satin)
#declare Slip = Speckled(Rgb(238, 228, 206), Satin)

// The glaze ends a little unevenly at 4.6; the zigzag runs round above it.
#declare Edge = function (x, y, z) { y - 4.6 - 0.14 * sin(3 * atan2(z, x)) - 0.07 * sin(7 * atan2(z, x) + 1) };
#declare Zigzag = function (x, y, z) { abs(y - 6.5 - 0.55 * (abs(mod(atan2(z, x) / pi * 17 + 68, 2) - 1) * 2 - 1)) };
#declare Skin = texture {
  function { select(Edge(x, y, z), 0, select(Zigzag(x, y, z) - 0.15, 1, 0.5)) }
  texture_map { [0.25 Bare] [0.25 Glaze] [0.75 Glaze] [0.75 Slip] }
};

#declare Belly = array[15] {
  <0, 0.3, 0>, <3.9, 0.3, 0>, <4.3, 0, 0>, <4.8, 0.15, 0>, <6.2, 1.6, 0>, <7.5, 3.6, 0>, <8.05, 5.8, 0>, <7.75, 7.9, 0>, <6.6, 9.9, 0>,
  <5.1, 11.3, 0>, <4.5, 11.75, 0>, <4.3, 12.0, 0>, <4.1, 11.9, 0>, <4.0, 11.5, 0>, <4.0, 11, 0>
}
#declare Lid = array[13] {
  <4.25, 11.75, 0>, <4.35, 11.95, 0>, <4.2, 12.2, 0>, <3.4, 12.75, 0>, <2.2, 13.2, 0>, <1.1, 13.5, 0>, <0.75, 13.8, 0>, <0.75, 14.1, 0>,
  <1.15, 14.5, 0>, <1.25, 14.95, 0>, <1.0, 15.4, 0>, <0.5, 15.6, 0>, <0, 15.65, 0>
}
#declare Spout = array[7] { <5.4, 4.3, 0>, <7.8, 4.95, 0>, <9.5, 6.4, 0>, <10.5, 8.2, 0>, <11.3, 9.9, 0>, <12.2, 11.1, 0>, <13.2, 11.9, 0> }
#declare Handle = array[8] { <-6.2, 10.0, 0>, <-7.8, 10.9, 0>, <-9.9, 11.2, 0>, <-11.8, 9.9, 0>, <-12.2, 7.6, 0>, <-11.1, 5.3, 0>, <-9.3, 4.0, 0>, <-7.1, 3.6, 0> }

union {
  object { Revolved(Belly, 80, 110) texture { Skin } }
  object { Revolved(Lid, 60, 80) texture { Glaze } }
  object { Tube(Spout, 2.0, 0.85, 1, z, 40, 28) texture { Glaze } }
  object { Tube(Handle, 0.75, 0.65, 1.35, z, 50, 24) texture { Glaze } }
  union { // the mouth of the spout
    torus { 0.8, 0.11 texture { Glaze } }
    disc { 0, y, 0.8 pigment { rgb Rgb(58, 30, 20) } }
    rotate z * -51 translate <13.2, 11.9, 0>
  }
  rotate y * 14
}

Table(PalePlanks)
Wall(38, Rgb(214, 210, 196))
Shot(<-3, 21, -54>, <0.6, 6.8, 0>, 32)
