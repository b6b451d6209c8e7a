// Six banana fibre coasters: five in a stack, one leaning on it.
#include "studio.inc"
#include "materials.inc"
#include "coils.inc"

Dye(0, Rgb(160, 46, 42))
Dye(1, Rgb(70, 116, 82))
Dye(2, Rgb(176, 90, 56))
Dye(3, Rgb(52, 62, 122))
Dye(4, Rgb(206, 150, 60))
Dye(5, Rgb(224, 204, 166))

#declare Which = 0;
#macro Pattern(Row, Part)
  #local Number = Which;
  #if (Which = 5)
    #if (Row < 2 | Between(Row, 7, 7)) #local Number = 4; #end
    #if (Between(Row, 3, 4)) #local Number = 3; #end
    #if (Between(Row, 9, 10)) #local Number = 2; #end
  #else
    #if (Row = 8 & mod(int(Part * 40), 2) = 0) #local Number = 5; #end
  #end
  Number
#end

// Between two layers of coils the coaster is solid.
#macro Coaster(Number)
  #declare Which = Number;
  union {
    union { Coiled(12, 0.45, 0.55, 0) translate y * 0.32 }
    union { Coiled(12, 0.45, 0.55, 0) translate y * -0.03 }
    cylinder { <0, 0.1, 0>, <0, 0.6, 0>, 5.3 texture { Dyes[Number][1] } }
  }
#end
#declare Colours = array[5] { 4, 3, 2, 1, 0 }
#for (I, 0, 4)
  object { Coaster(Colours[I]) rotate y * 70 * I rotate z * (mod(I, 2) - 0.5) * 0.7 translate <0.35 * sin(I * 2.1) - 3, 0.84 * I + 0.05, 0.3 * cos(I * 2.9)> }
#end
object { Coaster(5) rotate x * -68 rotate y * -38 translate <5.1, 4.95, -3.4> }

Table(DarkPlanks)
Wall(40, Rgb(204, 196, 180))
Shot(<1, 15, -38>, <0.6, 3.6, -1>, 39)
