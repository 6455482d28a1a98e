/* What g++ makes of an inline variable by default. */
  .data
  .globl toolrack_tests_unique
  .type toolrack_tests_unique, @gnu_unique_object
  .size toolrack_tests_unique, 4
toolrack_tests_unique:
  .long 7
  .section .note.GNU-stack, "", %progbits
