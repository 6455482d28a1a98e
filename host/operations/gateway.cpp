/// The gateway itself: is it well, what is it, what has it loaded.
#include <fmt/format.h>

#include "base/json.hpp"
#include "operations/openapi.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using base::json::key;
using base::json::put;
using base::json::Writer;

constexpr std::string_view kNoInput = R"({"type":"object","additionalProperties":false})";

base::Result<Answer> health(Services& services, const Context& context) {
  const auto ready = services.is_ready();
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "status");
  put(writer, ready ? "ok" : "unavailable");
  key(writer, "version");
  put(writer, services.version);
  key(writer, "mode");
  put(writer, services.mode);
  key(writer, "tools");
  writer.Uint64(services.catalogue.load(context.principal->tools.get())->tools().size());
  key(writer, "uptime_seconds");
  writer.Int64((services.clock.unix_ns() - services.started_unix_ns) / 1'000'000'000);
  key(writer, "paused_providers");
  writer.StartArray();
  for (const auto& slug : services.providers.paused()) put(writer, slug);
  writer.EndArray();
  if (services.workers_json) {
    key(writer, "workers");
    base::json::raw(writer, services.workers_json(), rapidjson::kObjectType);
  }
  if (services.safety_json) {
    key(writer, "safety");
    base::json::raw(writer, services.safety_json(), rapidjson::kObjectType);
  }
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer)), ready ? 200 : 503};
}

base::Result<Answer> livez(Services&, const Context&) { return Answer{R"({"status":"ok"})"}; }

base::Result<Answer> readyz(Services& services, const Context&) {
  if (services.is_ready()) return Answer{R"({"status":"ok"})"};
  return Answer{R"({"status":"unavailable"})", 503};
}

base::Result<Answer> info(Services& services, const Context&) {
  return Answer{fmt::format(R"({{"name":"toolrack","version":"{}","mode":"{}","documentation":"/openapi.json"}})",
                            services.version, services.mode)};
}

base::Result<Answer> openapi(Services& services, const Context&) {
  return Answer{openapi_document(*services.table, services.version)};
}

base::Result<Answer> plugins(Services& services, const Context&) {
  auto json = fmt::format(R"({{"plugins":{},"versions":{})", services.plugins_json(),
                          services.versions_json ? services.versions_json() : "[]");
  if (services.safety_json) json += fmt::format(R"(,"safety":{})", services.safety_json());
  return Answer{json + "}"};
}

base::Result<Answer> end_safe_mode(Services& services, const Context&) {
  if (services.end_safe_mode) TRY(services.end_safe_mode());
  return Answer{R"({"status":"ok"})"};
}

base::Result<Answer> reload_plugins(Services& services, const Context& context) {
  return Answer{TRY(services.reload_plugins(base::json::find_string(context.input, "force").value_or("")))};
}

Operation open_get(std::string_view name, std::string_view path, std::string_view title, std::string_view description,
                   base::Result<Answer> (*run)(Services&, const Context&)) {
  return {.name = name,
          .method = "GET",
          .path = path,
          .open = true,
          .title = title,
          .description = description,
          .input_schema = kNoInput,
          .run = run};
}

}  // namespace

std::vector<Operation> gateway_operations() {
  auto all = std::vector<Operation>{
      open_get("health", "/health", "Health", "Is the gateway well, and what is it.", health),
      open_get("livez", "/livez", "Liveness", "200 while the process answers.", livez),
      open_get("readyz", "/readyz", "Readiness", "200 while calls are taken; 503 while starting or draining.", readyz),
      open_get("info", "/info", "Information", "Name, version and mode.", info),
      open_get("openapi", "/openapi.json", "OpenAPI", "This API as an OpenAPI 3.1 document.", openapi),
  };
  all.front().more_paths = {"/healthz"};
  all.push_back(
      {.name = "list_plugins",
       .method = "GET",
       .path = "/v1/plugins",
       .cli = "plugins",
       .scope = accounts::Scope::kAdmin,
       .kind = Kind::kWaits,
       .title = "Plugins",
       .description =
           "Every plugin file seen: its state, and the reason where it is not served; and what was decided about "
           "versions.",
       .input_schema = kNoInput,
       .run = plugins});
  all.push_back({.name = "reload_plugins",
                 .method = "POST",
                 .path = "/v1/plugins/reload",
                 .cli = "plugins reload",
                 .scope = accounts::Scope::kAdmin,
                 .kind = Kind::kTransfers,
                 .title = "Reload plugins",
                 .description = "Look at every plugin file again, also at those that failed: what came, what went and "
                                "what cannot be served. A gateway that watches its directories does it by itself.",
                 .input_schema = R"({"type":"object","properties":{
"force":{"type":"string","pattern":"^[^@]+@[^@]+$","description":"tool@version: serve it although it takes something away from callers of the version before."}},
"additionalProperties":false})",
                 .annotations = R"({"readOnlyHint":false,"openWorldHint":false})",
                 .run = reload_plugins});
  all.push_back({.name = "end_safe_mode",
                 .method = "POST",
                 .path = "/v1/plugins/end-safe-mode",
                 .cli = "plugins end-safe-mode",
                 .scope = accounts::Scope::kAdmin,
                 .kind = Kind::kWaits,
                 .title = "End safe mode",
                 .description = "Plugins that are found from now on run as the configuration says again, and the ends "
                                "that brought the gateway into safe mode are forgotten.",
                 .input_schema = kNoInput,
                 .annotations = R"({"readOnlyHint":false,"openWorldHint":false})",
                 .run = end_safe_mode});
  return all;
}

}  // namespace toolrack::operations
