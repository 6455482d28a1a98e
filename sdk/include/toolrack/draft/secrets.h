/* toolrack/draft/secrets.h - a draft: its id and shape may change or vanish in any release, until two tools use it and it
 * moves into abi.h as "toolrack.secrets/1". Granted only where the operator's configuration says so. Prefer a credential in
 * tr_http_request: then the secret never leaves the host. */
/* clang-format off: as in abi.h. */
#ifndef TOOLRACK_DRAFT_SECRETS_H
#define TOOLRACK_DRAFT_SECRETS_H
#include <toolrack/abi.h>
#ifdef __cplusplus
extern "C" {
#endif
#define TR_SERVICE_X_SECRETS "toolrack.x-secrets/0" /* only names in the manifest's grants.secrets */
typedef struct tr_x_secrets_api { size_t struct_size;
    tr_op (*reveal)(const tr_host*, tr_call behalf, tr_str name, tr_done, void* user) TR_NOEXCEPT; /* [any] audited */
} tr_x_secrets_api;
#ifdef __cplusplus
}
#endif
#endif /* TOOLRACK_DRAFT_SECRETS_H */
