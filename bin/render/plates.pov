// Three woven wall plates with stars, hung on a wall (here: on the table, seen straight from above).
#declare Brightness = 0.78;
#include "studio.inc"
#include "materials.inc"
#include "shapes.inc"
#include "coils.inc"

Dye(0, Rgb(222, 200, 160))
Dye(1, Rgb(46, 40, 38))
Dye(2, Rgb(168, 84, 52))
Dye(3, Rgb(50, 60, 122))
Dye(4, Rgb(204, 150, 62))
Dye(5, Rgb(154, 42, 40))

#declare Which = 1;
#macro Pattern(Row, Part)
  #local Number = 0;
  #if (Which = 1) // 12 black points
    #if (Motif(Part, 12) < 1.05 - Row / 19) #local Number = 1; #end
    #if (Row < 3) #local Number = 0; #end
    #if (Between(Row, 20, 21)) #local Number = 2; #end
    #if (Row = 25) #local Number = 1; #end
  #end
  #if (Which = 2) // blue, 10 ochre points
    #local Number = 3;
    #if (Motif(Part, 10) < 1.1 - Row / 13) #local Number = 4; #end
    #if (Row < 3) #local Number = 3; #end
    #if (Row = 15) #local Number = 0; #end
    #if (Row = 18) #local Number = 4; #end
  #end
  #if (Which = 3) // red, 8 pale points
    #local Number = 5;
    #if (Motif(Part, 8) < 1.1 - Row / 9) #local Number = 0; #end
    #if (Row < 2) #local Number = 5; #end
    #if (Between(Row, 11, 12)) #local Number = 4; #end
    #if (Row = 14) #local Number = 0; #end
  #end
  Number
#end

#declare Which = 1; union { Coiled(26, 0.72, 0.44, 1.4) rotate y * 12 translate <-7, 0.6, 6> }
#declare Which = 2; union { Coiled(19, 0.72, 0.44, 1.2) rotate y * 40 translate <20.2, 0.6, -11.5> }
#declare Which = 3; union { Coiled(15, 0.72, 0.44, 1) translate <-8.5, 0.6, -25.5> }

plane { y, 0 texture { pigment { bozo colour_map { [0 rgb Rgb(206, 194, 176)] [1 rgb Rgb(212, 201, 184)] } scale 14 } normal { bumps 0.18 scale 1.2 } } }
Shot(<3.2, 104, -10>, <3.2, 0, -7>, 37)
