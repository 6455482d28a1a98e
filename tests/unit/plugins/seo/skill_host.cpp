#include "unit/plugins/seo/skill_host.hpp"

#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <utility>

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::seo::testing {

SkillHost::SkillHost() : host_(toolrack_entry_v1()) {}

void SkillHost::serve(const std::string& url, int status, std::string body, std::string content_type) {
  host_.on_http("GET", url,
                sdk::FakeReply(status, std::move(body)).header("content-type", std::move(content_type)).always());
}

void SkillHost::redirect(const std::string& url, int status, const std::string& location) {
  host_.on_http("GET", url, sdk::FakeReply(status, "moved").header("location", location).always());
}

void SkillHost::run(std::string_view skill, const std::string& input) {
  outcome_ = host_.run(skill, input);
  output_ = rapidjson::Document();
  output_.Parse<rapidjson::kParseValidateEncodingFlag>(outcome_.output.data(), outcome_.output.size());
}

std::string SkillHost::at(const char* pointer) const {
  if (output_.HasParseError()) return "(absent)";
  const rapidjson::Value* const value = rapidjson::Pointer(pointer).Get(output_);
  if (value == nullptr) return "(absent)";
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value->Accept(writer);
  return buffer.GetString();
}

std::vector<std::string> SkillHost::issues() const {
  std::vector<std::string> out;
  if (output_.HasParseError() || !output_.IsObject() || !output_.HasMember("issues")) return out;
  for (const auto& issue : output_["issues"].GetArray()) out.emplace_back(issue["id"].GetString());
  return out;
}

std::vector<std::string> SkillHost::requested_urls() const {
  std::vector<std::string> out;
  for (const sdk::SentRequest& request : host_.requests()) out.push_back(request.url);
  return out;
}

}  // namespace toolrack::seo::testing
