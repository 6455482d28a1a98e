/* toolrack/draft/knowledge.h - a draft: its id and shape may change or vanish in any release, until two tools use it and it
 * moves into abi.h as "toolrack.knowledge/1". Granted only where the operator's configuration says so. */
/* clang-format off: as in abi.h. */
#ifndef TOOLRACK_DRAFT_KNOWLEDGE_H
#define TOOLRACK_DRAFT_KNOWLEDGE_H
#include <toolrack/abi.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TR_SERVICE_X_KNOWLEDGE "toolrack.x-knowledge/0"
typedef struct tr_x_knowledge_api { size_t struct_size;
    tr_op (*search)(const tr_host*, tr_call behalf, tr_str query_json, tr_done, void* user) TR_NOEXCEPT;    /* [any] */
    tr_op (*upsert)(const tr_host*, tr_call behalf, tr_str document_json, tr_done, void* user) TR_NOEXCEPT; /* [any] */
} tr_x_knowledge_api;
#ifdef __cplusplus
}
#endif
#endif /* TOOLRACK_DRAFT_KNOWLEDGE_H */
