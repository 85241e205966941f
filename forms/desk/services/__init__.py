"""What staff do at an unlocked desk: one small service each. The window and the commands are front ends over them."""
