/* @TITLE@: one function for each skill of manifest.json. All that a plugin may ask of its host, and owes it, stands in
   toolrack/abi.h. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <toolrack/abi.h>

typedef struct tool {
  tr_plugin plugin;
  const tr_host* host;
  const tr_call_api* calls;
} tool;

static tr_str text(const char* zero_terminated) {
  tr_str out = {zero_terminated, strlen(zero_terminated)};
  return out;
}

static tr_outcome outcome(tr_status status) {
  tr_outcome out;
  memset(&out, 0, sizeof out);
  out.struct_size = sizeof out;
  out.status = status;
  return out;
}

static void fail(tool* self, tr_call call, const char* code, const char* message, const char* hint) {
  tr_outcome out = outcome(TR_INVALID_ARGUMENT);
  out.code = text(code);
  out.message = text(message);
  out.hint = text(hint);
  self->calls->complete(self->host, call, &out);
}

/* Takes `output`. The host copies what it is given before `complete` returns. */
static void answer(tool* self, tr_call call, cJSON* output) {
  char* json = cJSON_PrintUnformatted(output);
  tr_outcome out = outcome(json == NULL ? TR_RESOURCE_EXHAUSTED : TR_OK);
  if (json != NULL) {
    out.output_json.data = json;
    out.output_json.size = strlen(json);
  }
  self->calls->complete(self->host, call, &out);
  cJSON_free(json);
  cJSON_Delete(output);
}

/* The host has checked the input against the manifest: `numbers` is there and is an array of numbers. */
static void add(tool* self, tr_call call, const tr_invocation* in) {
  cJSON* input = cJSON_ParseWithLength(in->args_json.data, in->args_json.size);
  const cJSON* numbers = cJSON_GetObjectItemCaseSensitive(input, "numbers");
  const int count = cJSON_GetArraySize(numbers);
  double sum = 0;
  const cJSON* number = NULL;
  cJSON_ArrayForEach(number, numbers) sum += cJSON_GetNumberValue(number);
  cJSON_Delete(input);
  if (count == 0) {
    fail(self, call, "@SNAKE@.nothing_to_add", "\"numbers\" is empty, and nothing has no mean.", "Give at least one number.");
    return;
  }
  if (!isfinite(sum)) {
    fail(self, call, "@SNAKE@.too_large", "The sum is larger than a number can be.", "Give smaller numbers.");
    return;
  }
  cJSON* output = cJSON_CreateObject();
  cJSON_AddNumberToObject(output, "sum", sum);
  cJSON_AddNumberToObject(output, "mean", sum / count);
  answer(self, call, output);
}

/* [call] May run in several threads at once, for different calls. Every call is completed exactly once. */
static void invoke(void* self, tr_call call, const tr_invocation* in) {
  const tr_str name = in->name;
  if (name.size == 3 && memcmp(name.data, "add", 3) == 0)
    add((tool*)self, call, in);
  else
    fail((tool*)self, call, "@SNAKE@.no_skill", "There is no such skill.", "See the manifest.");
}

static tr_status start(void* self, const tr_start* in) {
  tool* me = (tool*)self;
  (void)in;
  me->calls = (const tr_call_api*)me->host->get_service(me->host, TR_SERVICE_CALL);
  return me->calls == NULL ? TR_UNIMPLEMENTED : TR_OK;
}

static void destroy(void* self) { free(self); }

static tr_status create(const tr_host* host, const tr_plugin** out) {
  tool* self = (tool*)calloc(1, sizeof *self);
  if (self == NULL) return TR_RESOURCE_EXHAUSTED;
  self->host = host;
  self->plugin.struct_size = sizeof self->plugin;
  self->plugin.self = self;
  self->plugin.start = start;
  self->plugin.invoke = invoke;
  self->plugin.destroy = destroy;
  *out = &self->plugin;
  return TR_OK;
}

TR_EXPORT const tr_entry* toolrack_entry_v1(void);
TR_EXPORT const tr_entry* toolrack_entry_v1(void) {
  static const tr_entry entry = {sizeof(tr_entry), TR_ABI_MAJOR, TR_ABI_MINOR, 0, 0, create};
  return &entry;
}
