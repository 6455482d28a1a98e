#include "operations/openapi.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "base/json.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using base::json::key;
using base::json::put;
using base::json::Writer;

/// "/v1/tools/:tool" → "/v1/tools/{tool}".
std::string braced(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != ':') {
      out += path[i];
      continue;
    }
    const auto end = std::min(path.find('/', i), path.size());
    out.append("{").append(path.substr(i + 1, end - i - 1)).append("}");
    i = end - 1;
  }
  return out;
}

void write_parameters(Writer& writer, const Operation& operation, const std::string& path,
                      const base::json::Value& schema) {
  const auto* properties = base::json::find(schema, "properties");
  if (properties == nullptr) return;
  key(writer, "parameters");
  writer.StartArray();
  for (const auto& property : properties->GetObject()) {
    const auto name = base::json::view(property.name);
    const auto in_path = path.find("{" + std::string(name) + "}") != std::string::npos;
    if (!in_path && (operation.method == "POST" || name == "owner")) continue;
    writer.StartObject();
    put_member(writer, "name", name);
    put_member(writer, "in", in_path ? "path" : "query");
    key(writer, "required");
    writer.Bool(in_path);
    key(writer, "schema");
    property.value.Accept(writer);
    writer.EndObject();
  }
  writer.EndArray();
}

void write_response(Writer& writer, std::string_view status, std::string_view description, std::string_view schema) {
  key(writer, status);
  writer.StartObject();
  put_member(writer, "description", description);
  key(writer, "content");
  base::json::raw(writer, R"({"application/json":{"schema":)" + std::string(schema) + "}}");
  writer.EndObject();
}

void write_operation(Writer& writer, const Operation& operation, const std::string& path) {
  std::string method(operation.method);
  std::ranges::transform(method, method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  key(writer, method);
  writer.StartObject();
  put_member(writer, "operationId", operation.name);
  put_member(writer, "summary", operation.title);
  put_member(writer, "description", operation.description);
  const auto schema = base::json::parse(operation.input_schema);
  write_parameters(writer, operation, path, *schema);
  if (operation.method == "POST") {
    key(writer, "requestBody");
    base::json::raw(writer,
                    R"({"required":true,"content":{"application/json":{"schema":)" + base::json::dump(*schema) + "}}}");
  }
  if (operation.open) {
    key(writer, "security");
    base::json::raw(writer, "[]", rapidjson::kArrayType);
  }
  key(writer, "responses");
  writer.StartObject();
  write_response(writer, operation.name == "create_api_key" ? "201" : "200", "The answer.", R"({"type":"object"})");
  if (operation.kind == Kind::kCall)
    write_response(
        writer, "202", "The call is a job.",
        R"({"type":"object","required":["job_id","status"],"properties":{"job_id":{"type":"string"},"status":{"type":"string"}}})");
  if (operation.kind == Kind::kCall)
    write_response(
        writer, "409", "The skill asks something: make the call again with state and answers.",
        R"({"type":"object","required":["status","questions","state"],"properties":{"status":{"const":"input_required"},"questions":{"type":"object"},"state":{"type":"string"}}})");
  write_response(writer, "default", "A failure; its code says which.", R"({"$ref":"#/components/schemas/Failure"})");
  writer.EndObject();
  writer.EndObject();
}

constexpr std::string_view kComponents =
    R"({"securitySchemes":{"key":{"type":"http","scheme":"bearer","description":"tr_live_… ; not needed in local mode."}},
"schemas":{"Failure":{"type":"object","required":["error"],"properties":{"request_id":{"type":"string"},"error":{"type":"object","required":["code","type","message","resolution_hint"],"properties":{
"code":{"type":"string"},"type":{"type":"string","enum":["auth","billing","rate_limit","validation","provider","not_found","internal"]},
"message":{"type":"string"},"resolution_hint":{"type":"string"},"retry_after":{"type":"integer"},"details":{}}}}}}})";

}  // namespace

std::string openapi_document(const Table& table, std::string_view version) {
  // Paths in the order of their names; an operation with several paths appears under each.
  std::map<std::string, std::vector<const Operation*>> paths;
  for (const auto& entry : table.entries()) {
    if (entry.operation.path.empty()) continue;
    paths[braced(entry.operation.path)].push_back(&entry.operation);
    for (const auto path : entry.operation.more_paths) paths[braced(path)].push_back(&entry.operation);
  }
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  put_member(writer, "openapi", "3.1.0");
  key(writer, "info");
  writer.StartObject();
  put_member(writer, "title", "Toolrack");
  put_member(writer, "version", version);
  put_member(writer, "description", "Tools for AI agents: find them, call them, see what they cost.");
  writer.EndObject();
  key(writer, "security");
  base::json::raw(writer, R"([{"key":[]},{}])", rapidjson::kArrayType);
  key(writer, "paths");
  writer.StartObject();
  for (const auto& [path, operations] : paths) {
    key(writer, path);
    writer.StartObject();
    for (const auto* operation : operations) write_operation(writer, *operation, path);
    writer.EndObject();
  }
  writer.EndObject();
  key(writer, "components");
  const auto components = base::json::parse(kComponents);
  components->Accept(writer);
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

}  // namespace toolrack::operations
