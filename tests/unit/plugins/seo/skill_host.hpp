/// A FakeHost that runs the plugin, and its answers as JSON.
#pragma once

#include <rapidjson/document.h>
#include <toolrack/testing.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::seo::testing {

namespace sdk = toolrack::testing;

/// Runs skills against scripted servers.
class SkillHost {
 public:
  SkillHost();

  sdk::FakeHost& host() { return host_; }
  /// A page that is served as often as it is asked for.
  void serve(const std::string& url, int status, std::string body,
             std::string content_type = "text/html; charset=utf-8");
  void redirect(const std::string& url, int status, const std::string& location);
  void run(std::string_view skill, const std::string& input);

  const sdk::Outcome& outcome() const { return outcome_; }
  const rapidjson::Document& output() const { return output_; }
  /// The value at a JSON Pointer of the output, as JSON; "(absent)" when there is none.
  std::string at(const char* pointer) const;
  /// The ids in `issues`.
  std::vector<std::string> issues() const;
  std::vector<std::string> requested_urls() const;

 private:
  sdk::FakeHost host_;
  sdk::Outcome outcome_;
  rapidjson::Document output_;
};

}  // namespace toolrack::seo::testing
