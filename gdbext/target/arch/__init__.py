"""What is the processor's: registers, instructions, stack rules."""
