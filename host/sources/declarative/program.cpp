#include "sources/declarative/program.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "services/http/request_check.hpp"

namespace toolrack::sources::declarative {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;
using json::Value;

namespace {

std::string text_of(const Value& object, std::string_view key) {
  return std::string(json::find_string(object, key).value_or(std::string_view()));
}

tl::unexpected<base::Error> wrong(std::string_view where, std::string_view what) {
  return fail(ErrorCode::kInvalidManifest, fmt::format("{}: {}", where, what));
}

Result<Template> template_of(std::string_view text, std::string_view where) {
  auto out = Template::parse(text);
  if (!out) return wrong(where, out.error().message());
  return out;
}

/// Compiles one block; `input` is the skill's input schema.
class Compiler {
 public:
  explicit Compiler(const Value& skill) : request_(*json::find(skill, "request")), input_(json::find(skill, "input")) {}

  Result<Program> compile() {
    out_.provider = text_of(request_, "provider");
    if (const auto method = json::find_string(request_, "method")) out_.method = *method;
    TRY(read_path());
    TRY(read_fields("query", out_.query));
    TRY(read_fields("headers", out_.headers));
    TRY(read_body());
    TRY(check_static_parts());
    TRY(read_result());
    TRY(read_errors());
    TRY(read_page());
    TRY(read_poll());
    TRY(read_cost());
    read_rate();
    return std::move(out_);
  }

 private:
  /// A path that says what it sends: no query, no fragment, nothing that a reader of URLs would change.
  static Result<void> check_path(const Template& path, std::string_view text, std::string_view where) {
    for (const unsigned char c : path.literal()) {
      if (c <= 0x20 || c >= 0x7f ||
          std::string_view("?#\\\"<>^`|").find(static_cast<char>(c)) != std::string_view::npos)
        return wrong(where, fmt::format("a path cannot hold {}; parameters belong into query",
                                        json::quote(std::string(1, static_cast<char>(c)))));
    }
    const auto literal = path.literal();
    if (literal.find("%2e") != std::string::npos || literal.find("%2E") != std::string::npos)
      return wrong(where, "has an escaped dot (%2E), which readers of URLs take for a step; write the dot");
    for (std::size_t at = 0; at != std::string_view::npos;) {
      const auto end = text.find('/', at + 1);
      const auto segment = text.substr(at + 1, end == std::string_view::npos ? end : end - at - 1);
      if (segment == "." || segment == ".." || (segment.empty() && end != std::string_view::npos))
        return wrong(where, "has a segment that is empty or goes up (.., .)");
      at = end;
    }
    return {};
  }

  /// Catches a misspelt name while the author is there to see it.
  Result<void> check_names(const std::vector<std::string_view>& names, std::string_view where, bool is_required) const {
    const auto* properties = input_ == nullptr ? nullptr : json::find(*input_, "properties");
    if (properties == nullptr) {
      if (names.empty()) return {};
      return wrong(where, fmt::format("{{{}}} is not among the input's properties", names.front()));
    }
    const auto* required = json::find(*input_, "required");
    for (const auto name : names) {
      if (json::find(*properties, name) == nullptr)
        return wrong(where, fmt::format("{{{}}} is not among the input's properties", name));
      const bool is_sure = required != nullptr && required->IsArray() &&
                           std::any_of(required->Begin(), required->End(),
                                       [&](const Value& one) { return one.IsString() && json::view(one) == name; });
      if (is_required && !is_sure)
        return wrong(where, fmt::format("{{{}}} must be among the input's required, because a path needs it", name));
    }
    return {};
  }

  Result<void> read_path() {
    constexpr std::string_view kWhere = "/request/path";
    const auto text = text_of(request_, "path");
    out_.path = TRY(template_of(text, kWhere));
    TRY(check_path(out_.path, text, kWhere));
    return check_names(out_.path.names(), kWhere, true);
  }

  Result<void> read_fields(const char* key, std::vector<Field>& fields) {
    const auto* object = json::find(request_, key);
    if (object == nullptr) return {};
    for (const auto& [name, value] : object->GetObject()) {
      const auto where = fmt::format("/request/{}/{}", key, json::view(name));
      Field field;
      field.name = json::view(name);
      const auto* text = &value;
      if (value.IsObject()) {
        text = json::find(value, "value");
        field.file_name = text_of(value, "filename");
        field.media_type = text_of(value, "media_type");
      }
      field.value = TRY(template_of(text->IsString() ? std::string(json::view(*text)) : json::dump(*text), where));
      TRY(check_names(field.value.names(), where, false));
      fields.push_back(std::move(field));
    }
    return {};
  }

  Result<void> read_body() {
    const bool has_json = json::find(request_, "body") != nullptr, has_form = json::find(request_, "form") != nullptr,
               has_parts = json::find(request_, "multipart") != nullptr;
    if (has_json + has_form + has_parts > 1) return wrong("/request", "has more than one of body, form and multipart");
    if (has_json + has_form + has_parts == 1 && out_.is_get())
      return wrong("/request", fmt::format("{} carries no body; use query", out_.method));
    if (has_form) {
      out_.body = Program::Body::kForm;
      return read_fields("form", out_.fields);
    }
    if (has_parts) {
      out_.body = Program::Body::kMultipart;
      return read_fields("multipart", out_.fields);
    }
    if (!has_json) {
      const bool sends_input = out_.method == "POST" || out_.method == "PUT" || out_.method == "PATCH";
      out_.body = sends_input ? Program::Body::kInput : Program::Body::kNone;
      return {};
    }
    auto body = JsonTemplate::parse(*json::find(request_, "body"));
    if (!body) return wrong("/request/body", body.error().message());
    out_.json = std::move(*body);
    out_.body = Program::Body::kJson;
    std::vector<std::string_view> names;
    out_.json.list_names(names);
    return check_names(names, "/request/body", false);
  }

  /// What the HTTP client would refuse in every call is refused once, here.
  Result<void> check_static_parts() const {
    services::http::Request probe{.method = out_.method, .url = "https://example.com/"};
    for (const auto& field : out_.headers) probe.headers.push_back({field.name, field.value.literal()});
    for (const auto& field : out_.fields) probe.headers.push_back({"content-type", field.media_type});
    if (const auto checked = services::http::check_request(probe); !checked)
      return wrong("/request/headers", checked.error().message());
    return {};
  }

  Result<void> read_result() {
    const auto* result = json::find(request_, "result");
    if (result == nullptr) return {};
    out_.result.pointer = text_of(*result, "pointer");
    out_.result.is_text = json::find_bool(*result, "text").value_or(false);
    if (const auto* map = json::find(*result, "map")) {
      for (const auto& [name, value] : map->GetObject())
        out_.result.map.emplace_back(std::string(json::view(name)), std::string(json::view(value)));
    }
    if (out_.result.is_text && (!out_.result.pointer.empty() || !out_.result.map.empty()))
      return wrong("/request/result", "text is taken whole; leave out pointer and map");
    return {};
  }

  Result<void> read_errors() {
    const auto* errors = json::find(request_, "errors");
    if (errors == nullptr) return {};
    for (rapidjson::SizeType i = 0; i < errors->Size(); ++i) {
      const auto& item = (*errors)[i];
      const auto where = fmt::format("/request/errors/{}", i);
      ErrorRule rule;
      if (const auto status = json::find_int(item, "status")) rule.status = static_cast<int>(*status);
      rule.pointer = text_of(item, "pointer");
      if (const auto* value = json::find(item, "equals")) rule.equals = json::canonical(*value);
      rule.code = text_of(item, "code");
      rule.hint = text_of(item, "hint");
      if (const auto* wait = json::find(item, "retry_after")) {
        if (wait->IsObject())
          rule.wait = WaitRule{text_of(*wait, "pointer"), text_of(*wait, "after")};
        else
          rule.wait = WaitRule{text_of(item, "retry_after"), {}};
      }
      if (const auto type = json::find_string(item, "type")) rule.type = type_of(*type);
      if (const auto message = json::find_string(item, "message")) {
        rule.message = TRY(template_of(*message, where + "/message"));
        for (const auto name : rule.message->names())
          if (!name.starts_with('/'))
            return wrong(where + "/message", fmt::format("{{{}}} is no JSON Pointer into the reply", name));
      }
      if (!rule.status && rule.pointer.empty()) return wrong(where, "names neither a status nor a pointer to look at");
      if (rule.equals && rule.pointer.empty()) return wrong(where, "equals needs a pointer");
      out_.errors.push_back(std::move(rule));
    }
    return {};
  }

  static std::optional<base::ErrorType> type_of(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(base::ErrorType::kInternal); ++i)
      if (base::to_string(static_cast<base::ErrorType>(i)) == name) return static_cast<base::ErrorType>(i);
    return std::nullopt;
  }

  Result<void> read_page() {
    const auto* page = json::find(request_, "page");
    if (page == nullptr) return {};
    PageRule rule;
    rule.items = text_of(*page, "items");
    rule.into = json::find_string(*page, "into").value_or("items");
    rule.max_pages = static_cast<std::uint32_t>(json::find_int(*page, "max_pages").value_or(rule.max_pages));
    rule.first = json::find_int(*page, "first").value_or(rule.first);
    rule.size = json::find_int(*page, "size").value_or(0);
    const auto cursor = json::find_string(*page, "cursor"), number = json::find_string(*page, "number");
    const bool by_link = json::find_bool(*page, "link").value_or(false);
    if (cursor.has_value() + number.has_value() + by_link != 1)
      return wrong("/request/page", "needs exactly one of cursor, number and link");
    rule.by = cursor ? PageRule::By::kCursor : number ? PageRule::By::kNumber : PageRule::By::kLink;
    rule.cursor = cursor.value_or(std::string_view());
    rule.parameter = number ? std::string(*number) : text_of(*page, "parameter");
    if (cursor && rule.parameter.empty()) return wrong("/request/page", "cursor needs the parameter that it goes into");
    if (!out_.is_get() || out_.method == "HEAD") return wrong("/request/page", "only GET is asked for further pages");
    if (out_.result.is_text) return wrong("/request/page", "text has no pages");
    for (const auto& field : out_.query)
      if (field.name == rule.parameter)
        return wrong("/request/page", fmt::format("\"{}\" stands in query as well", rule.parameter));
    out_.page = std::move(rule);
    return {};
  }

  Result<void> read_poll() {
    const auto* poll = json::find(request_, "poll");
    if (poll == nullptr) return {};
    if (out_.page) return wrong("/request/poll", "cannot stand beside page");
    PollRule rule;
    const auto text = text_of(*poll, "path");
    constexpr std::string_view kWhere = "/request/poll/path";
    rule.path = TRY(template_of(text, kWhere));
    std::vector<std::string_view> of_input;
    for (const auto name : rule.path.names())
      if (!name.starts_with('/')) of_input.push_back(name);
    TRY(check_names(of_input, kWhere, true));
    TRY(check_path(rule.path, text_without_names(rule.path), kWhere));
    rule.interval = std::chrono::milliseconds(json::find_int(*poll, "interval_ms").value_or(rule.interval.count()));
    rule.pointer = text_of(*poll, "pointer");
    const auto read = [&](const char* key, std::vector<std::string>& states) {
      if (const auto* list = json::find(*poll, key))
        for (const auto& state : list->GetArray()) states.push_back(json::canonical(state));
    };
    read("done", rule.done);
    read("failed", rule.failed);
    out_.poll = std::move(rule);
    return {};
  }

  /// Names that are pointers hold slashes, which are none of the path's.
  static std::string text_without_names(const Template& path) {
    const auto find_nothing = [](std::string_view) {
      static const Value kStandIn("x");
      return &kStandIn;
    };
    return path.expand(Place::kPath, find_nothing).value_or(path.literal());
  }

  Result<void> read_cost() {
    const auto* cost = json::find(request_, "cost");
    if (cost == nullptr) return {};
    constexpr std::string_view kWhere = "/request/cost";
    if (out_.page) return wrong(kWhere, "cannot stand beside page");
    CostRule rule;
    rule.units = TRY(template_of(text_of(*cost, "units"), kWhere));
    std::vector<std::string_view> of_input;
    for (const auto name : rule.units.names())
      if (!name.starts_with('/')) of_input.push_back(name);
    TRY(check_names(of_input, kWhere, false));
    auto usd = base::Money::parse(text_of(*cost, "usd"));
    if (!usd) return wrong(kWhere, usd.error().message());
    rule.usd = *usd;
    if (const auto* otherwise = json::find(*cost, "otherwise")) rule.otherwise = otherwise->GetDouble();
    out_.cost = std::move(rule);
    return {};
  }

  void read_rate() {
    const auto* rate = json::find(request_, "rate_limit");
    if (rate == nullptr) return;
    RateRule rule;
    rule.header = text_of(*rate, "header");
    for (auto& c : rule.header)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto unit = json::find_string(*rate, "unit").value_or("seconds");
    rule.unit = unit == "unix"           ? RateRule::Unit::kUnix
                : unit == "milliseconds" ? RateRule::Unit::kMilliseconds
                                         : RateRule::Unit::kSeconds;
    out_.rate = std::move(rule);
  }

  const Value& request_;
  const Value* input_;
  Program out_;
};

}  // namespace

Result<Program> Program::compile(const Value& skill) { return Compiler(skill).compile(); }

Result<Programs> compile_programs(const registry::Tool& tool) {
  const auto document = TRY(json::parse(tool.manifest_json));
  const auto& skills = *json::find(document, "skills");
  Programs out(tool.skills.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto& skill = skills[static_cast<rapidjson::SizeType>(i)];
    if (json::find(skill, "request") == nullptr) continue;
    auto program = Program::compile(skill);
    if (!program)
      return fail(ErrorCode::kInvalidManifest, fmt::format("manifest at /skills/{}{}", i, program.error().message()));
    if (program->provider.empty() && tool.skills[i].backends.empty() && tool.providers.size() != 1) {
      return fail(ErrorCode::kInvalidManifest,
                  fmt::format("manifest at /skills/{}/request: names no provider, and the tool has {}", i,
                              tool.providers.size()));
    }
    out[i] = std::move(*program);
  }
  return out;
}

}  // namespace toolrack::sources::declarative
