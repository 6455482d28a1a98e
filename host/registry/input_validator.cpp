#include "registry/input_validator.hpp"

#include <fmt/format.h>

#include "registry/schema_checker.hpp"
#include "registry/schema_program.hpp"

namespace toolrack::registry {
namespace {

namespace json = base::json;

class CompiledValidator final : public InputValidator {
 public:
  explicit CompiledValidator(std::unique_ptr<const schema::Program> program) : program_(std::move(program)) {}
  std::vector<Violation> check(const json::Value& value) const override {
    return schema::Checker(*program_).run(value);
  }

 private:
  std::unique_ptr<const schema::Program> program_;
};

}  // namespace

base::Result<std::shared_ptr<const InputValidator>> compile_schema(const json::Value& schema, Formats formats) {
  return std::make_shared<const CompiledValidator>(TRY(schema::compile(schema, formats)));
}

base::Result<std::shared_ptr<const InputValidator>> compile_schema(std::string_view schema_json, Formats formats) {
  auto document = json::parse(schema_json);
  if (!document) {
    return base::fail(base::ErrorCode::kInvalidManifest,
                      fmt::format("the schema is no JSON: {}", document.error().message()));
  }
  return compile_schema(static_cast<const json::Value&>(*document), formats);
}

std::string to_json(const std::vector<Violation>& violations) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto& violation : violations) {
    writer.StartObject();
    json::key(writer, "pointer");
    json::put(writer, violation.pointer);
    json::key(writer, "keyword");
    json::put(writer, violation.keyword);
    json::key(writer, "message");
    json::put(writer, violation.message);
    if (!violation.expected.empty()) {
      json::key(writer, "expected");
      json::put(writer, violation.expected);
      json::key(writer, "actual");
      json::put(writer, violation.actual);
    }
    writer.EndObject();
  }
  writer.EndArray();
  return std::string(json::view(buffer));
}

base::Error to_error(const std::vector<Violation>& violations, std::string_view what, base::ErrorCode code) {
  std::string message(what);
  if (violations.empty()) {
    message += " is not valid";
  } else {
    const auto& first = violations.front();
    message += fmt::format("{}{}: {}", first.pointer.empty() ? "" : " at ", first.pointer, first.message);
    if (violations.size() > 1) message += fmt::format(" (and {} more)", violations.size() - 1);
  }
  return base::Error(code, std::move(message)).with_details(to_json(violations));
}

}  // namespace toolrack::registry
