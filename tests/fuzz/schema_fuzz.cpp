/// Text -> JSON Schema -> compiled, whoever wrote it.
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::fuzz {

namespace json = base::json;

void check(std::string_view text) {
  const auto document = json::parse(text);
  const auto compiled = registry::compile_schema(text);
  if (!document) return require(!compiled, "what is no JSON is no schema");
  if (!compiled) {
    require(compiled.error().code() == base::ErrorCode::kInvalidManifest, "a schema fails as a part of its manifest");
    require(base::is_utf8(compiled.error().message()), "messages are UTF-8", compiled.error().message());
  }
  const auto again = registry::compile_schema(json::dump(*document));
  require(again.has_value() == compiled.has_value(), "how a schema is written does not decide whether it is one",
          compiled ? again.error().message() : compiled.error().message());
  if (!compiled) return;
  // A schema is a value too: the one that is always at hand.
  const auto verdict = (*compiled)->check(*document);
  require(registry::to_json(verdict) == registry::to_json((*again)->check(*document)),
          "one schema gives one answer, however it is written", registry::to_json(verdict));
}

}  // namespace toolrack::fuzz
