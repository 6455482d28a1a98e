#include "services/recorder/recorded_call.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::services::recorder {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr std::int64_t kFormat = 1;
constexpr json::Limits kWholeFile{.max_bytes = 512 << 20, .max_depth = 200, .max_values = 50'000'000};

void put_json(json::Writer& writer, std::string_view name, std::string_view text) {
  json::key(writer, name);
  json::raw(writer, text.empty() ? "null" : text);
}

std::string json_of(const json::Value& object, std::string_view name) {
  const auto* value = json::find(object, name);
  return value == nullptr || value->IsNull() ? std::string() : json::canonical(*value);
}

Result<void> fail_with_errno(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorCode::kInvalidRequest,
              fmt::format("{} cannot be {}: {}", file.string(), what, std::strerror(errno)));
}

}  // namespace

std::string to_json(const RecordedCall& call) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "toolrack_recording");
  writer.Int64(kFormat);
  put_member(writer, "toolrack", call.toolrack);
  put_member(writer, "tool", call.tool);
  put_member(writer, "version", call.version);
  put_member(writer, "skill", call.skill);
  put_json(writer, "call", call.call);
  json::key(writer, "operations");
  writer.StartArray();
  for (const auto& operation : call.operations) {
    writer.StartObject();
    put_member(writer, "service", operation.service);
    put_json(writer, "request", operation.request);
    put_json(writer, "reply", operation.reply);
    json::key(writer, "ended");
    writer.Uint(operation.ended);
    writer.EndObject();
  }
  writer.EndArray();
  put_json(writer, "outcome", call.outcome);
  writer.EndObject();
  const auto document = json::parse(json::view(buffer), kWholeFile);
  return (document ? json::dump_pretty(*document) : std::string(json::view(buffer))) + "\n";
}

Result<RecordedCall> parse_recorded_call(std::string_view text) {
  const auto document = TRY(json::parse(text, kWholeFile));
  const auto format = json::find_int(document, "toolrack_recording");
  if (!format) return fail(ErrorCode::kInvalidRequest, "this is no recording: it has no member toolrack_recording");
  if (*format != kFormat)
    return fail(ErrorCode::kInvalidRequest,
                fmt::format("the recording has format {}, and this program reads {}", *format, kFormat),
                "Record the call anew.");
  RecordedCall out;
  out.toolrack = json::find_string(document, "toolrack").value_or("");
  out.tool = json::find_string(document, "tool").value_or("");
  out.version = json::find_string(document, "version").value_or("");
  out.skill = json::find_string(document, "skill").value_or("");
  out.call = json_of(document, "call");
  out.outcome = json_of(document, "outcome");
  const auto* operations = json::find(document, "operations");
  if (operations == nullptr || !operations->IsArray() || out.call.empty())
    return fail(ErrorCode::kInvalidRequest, "the recording has no call, or no operations");
  for (const auto& each : operations->GetArray()) {
    Operation operation;
    operation.service = json::find_string(each, "service").value_or("");
    operation.request = json_of(each, "request");
    operation.reply = json_of(each, "reply");
    operation.ended = static_cast<std::uint32_t>(json::find_int(each, "ended").value_or(0));
    if (operation.service.empty() || operation.request.empty())
      return fail(ErrorCode::kInvalidRequest, fmt::format("operation {} of the recording has no service, or no request",
                                                          out.operations.size() + 1));
    out.operations.push_back(std::move(operation));
  }
  return out;
}

Result<void> write_recorded_call(const std::filesystem::path& file, const RecordedCall& call) {
  const auto text = to_json(call);
  auto temporary = file.string() + ".XXXXXX";
  const files::Descriptor descriptor(::mkostemp(temporary.data(), O_CLOEXEC));  // 0600.
  if (!descriptor) return fail_with_errno(file, "written");
  const auto give_up = [&] {
    auto result = fail_with_errno(file, "written");
    ::unlink(temporary.c_str());
    return result;
  };
  for (std::string_view rest = text; !rest.empty();) {
    const auto written = ::write(descriptor.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return give_up();
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor.get()) != 0 || ::rename(temporary.c_str(), file.c_str()) != 0) return give_up();
  return {};
}

Result<RecordedCall> read_recorded_call(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return tl::unexpected(fail_with_errno(file, "read").error());
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  auto call = parse_recorded_call(text);
  if (!call)
    return fail(ErrorCode::kInvalidRequest, fmt::format("{}: {}", file.string(), call.error().message()),
                std::string(call.error().hint()));
  return call;
}

}  // namespace toolrack::services::recorder
