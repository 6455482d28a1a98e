/* An address in the code, which the dynamic linker must write there. */
  .text
here:
  .quad here
  .section .note.GNU-stack, "", %progbits
