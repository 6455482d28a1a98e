/* A document of a name that is taken, with another text. */
  .section .note.toolrack, "a", %note
  .balign 4
  .long 9, 5f - 4f, 0x54524b31
  .asciz "Toolrack"
  .balign 4
4: .asciz "hours.md"
  .ascii "Never."
5: .balign 4
  .section .note.GNU-stack, "", %progbits
