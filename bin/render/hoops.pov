// Hammered brass hoops on a small wooden stand.
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"

#declare Hammered = texture {
  pigment { rgb Rgb(206, 158, 74) }
  normal { average normal_map { [1 crackle 0.9 scale 0.34] [1 bumps 0.7 scale 0.24] } }
  finish { diffuse 0.34 specular 0.5 roughness 0.025 metallic reflection { 0.48 metallic } }
};
#declare Dark_wood = Wood(Rgb(140, 92, 60), Rgb(88, 52, 32), 0.7)
#declare Dark_wood = texture { Dark_wood translate <4, 3, 0> };
#declare Silver = texture { Steel };

// A hoop with a hook, hanging from the origin; it turns a little on its hook.
#macro Hoop(Turn)
  union {
    torus { 2.35, 0.2 rotate x * 90 scale <1, 1, 0.75> translate y * -3.75 rotate y * Turn texture { Hammered rotate y * Turn * 3 } }
    torus { 0.17, 0.05 rotate y * 90 rotate x * 90 translate y * -1.28 rotate y * Turn texture { Hammered } }
    #local Hook = array[7] { <0, -1.2, 0>, <0, -0.6, 0>, <0, -0.05, 0>, <0, 0.15, 0.2>, <0, 0.17, 0.9>, <0, -0.05, 1.2>, <0, -0.6, 1.3> }
    object { Tube(Hook, 0.042, 0.042, 1, x, 30, 8) texture { Silver } }
  }
#end
union {
  object { Soft_box(<-5.6, 9.6, -0.42>, <5.6, 10.3, 0.42>, 0.18) texture { Dark_wood rotate y * 90 } }
  cylinder { <0, 0.5, 0>, <0, 9.8, 0>, 0.36 texture { Dark_wood rotate x * 90 } }
  object { Soft_box(<-3.4, 0, -2.4>, <3.4, 0.9, 2.4>, 0.3) texture { Dark_wood rotate y * 90 translate y * 2 } }
  #for (S, -1, 1, 2)
    #local Peg = S * 3.1;
    object { Hoop(5 + 19 * S) translate <Peg, 10.26, -0.55> }
  #end
  rotate y * -9
}
Table(Stone)
Wall(24, Rgb(218, 204, 190))
Shot(<-3, 11.5, -36>, <0, 5.4, 0>, 21)
