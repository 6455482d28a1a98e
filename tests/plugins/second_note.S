/* Another manifest beside the one that toolrack_add_plugin embeds. */
  .section .note.toolrack, "a", %note
  .balign 4
  .long 9, 2, 0x54524d31
  .asciz "Toolrack"
  .balign 4
  .ascii "{}"
  .balign 4
  .section .note.GNU-stack, "", %progbits
