/// The gateway's log, for whoever runs it.
#include <algorithm>
#include <string>

#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "services/log/recent.hpp"

namespace toolrack::operations {
namespace {

using base::json::find_int;
using base::json::find_string;
using services::log::Level;

constexpr std::int64_t kDefaultLines = 200;

base::Result<Answer> read_log(Services&, const Context& context) {
  auto level = Level::kDebug;
  if (const auto least = find_string(context.input, "level")) services::log::parse_level(*least, level);
  const auto page = services::log::recent().read(
      {.after = static_cast<std::uint64_t>(find_int(context.input, "after").value_or(0)),
       .level = level,
       .tool = find_string(context.input, "tool").value_or(""),
       .request_id = find_string(context.input, "request_id").value_or(""),
       .limit = static_cast<std::size_t>(find_int(context.input, "limit").value_or(kDefaultLines))});
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "lines");
  writer.StartArray();
  for (const auto& line : page.lines) base::json::raw(writer, line);
  writer.EndArray();
  base::json::key(writer, "next");
  writer.Uint64(page.next);
  base::json::key(writer, "lost");
  writer.Bool(page.has_lost);
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer))};
}

}  // namespace

std::vector<Operation> log_operations() {
  return {
      {.name = "read_log",
       .method = "GET",
       .path = "/v1/log",
       .cli = "logs",
       .scope = accounts::Scope::kAdmin,
       .title = "Log",
       .description = "The gateway's last log lines, plugins' among them. The level `debug` has a line for each call.",
       .input_schema = R"({"type":"object","properties":{
"request_id":{"type":"string","maxLength":64,"description":"Only of this call."},
"tool":{"type":"string","maxLength":200,"description":"Only of this tool: owner/name."},
"level":{"type":"string","enum":["debug","info","notice","warning","error","critical","alert","emergency"],"description":"This and worse; what the log has unless told."},
"after":{"type":"integer","minimum":0,"description":"What came after this `next` of an earlier answer; the last lines unless told."},
"limit":{"type":"integer","minimum":1,"maximum":4096,"description":"At most so many; 200 unless told."}},
"additionalProperties":false})",
       .run = read_log},
  };
}

}  // namespace toolrack::operations
