/* toolrack/draft/knowledge.h - a draft: its id and shape may change or vanish in any release, until two tools use it and it
 * moves into abi.h as "toolrack.knowledge/1". Offered to tools that bring documents, for these documents alone. */
/* clang-format off: as in abi.h. */
#ifndef TOOLRACK_DRAFT_KNOWLEDGE_H
#define TOOLRACK_DRAFT_KNOWLEDGE_H
#include <toolrack/abi.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TR_SERVICE_X_KNOWLEDGE "toolrack.x-knowledge/0"
typedef struct tr_x_knowledge_api { size_t struct_size;
    /* [any] {query, limit?}; body = {results: [{tool, document, title, headings, text, score}], method}, number = how many */
    tr_op (*search)(const tr_host*, tr_call behalf, tr_str query_json, tr_done, void* user) TR_NOEXCEPT;
    tr_op (*upsert)(const tr_host*, tr_call behalf, tr_str document_json, tr_done, void* user) TR_NOEXCEPT; /* [any] may be NULL */
} tr_x_knowledge_api;
#ifdef __cplusplus
}
#endif
#endif /* TOOLRACK_DRAFT_KNOWLEDGE_H */
