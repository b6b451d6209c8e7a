"""What is done with one order at the desk: packing and handing over, notes, and the slips that go with the parcel."""
