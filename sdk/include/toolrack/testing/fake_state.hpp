/// What a FakeHost holds for its services.
#pragma once

#include <toolrack/testing/fake_http.hpp>
#include <toolrack/testing/fake_replay.hpp>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

struct SeenLog {
  std::int32_t level = 0;
  std::string text, fields_json;
};

/// Everything the services of one FakeHost know; tr_host.impl points to it.
class FakeState {
 public:
  explicit FakeState(std::uint64_t seed) : core(seed) {}

  struct Stored {
    std::string value;
    std::int64_t expires_ns;  // 0: never.
  };
  struct Asset {
    std::string name, media_type, bytes;
    bool is_open;
  };
  enum class Person { kAnswers, kDeclines, kDismisses };
  struct Answer {
    Person person;
    std::string body;
  };

  FakeCore core;
  Script http_script, tool_script, knowledge_script;
  std::vector<SentRequest> requests;
  std::vector<std::pair<std::string, std::string>> tool_calls;  // Skill and input.
  std::vector<std::string> tool_options;
  std::vector<SeenLog> logs;
  std::map<std::pair<std::uint32_t, std::string>, Stored> kv;
  std::vector<Asset> assets;  // Id "asset-N" and writer N: position N - 1.
  std::map<std::string, Answer> answers;
  bool is_stateless = true;
  std::int64_t unix_offset_ns = 1'700'000'000'000'000'000;
  std::vector<std::uint32_t> changed_lists;
  std::vector<std::string> updated_resources;
  std::set<std::string> missing;  // Service ids that are not granted.
  std::string explanation;
  std::string manifest_json;
  FakeReplay* replay = nullptr;    // Answers in place of scripts, clock and chance.
  bool is_asking_allowed = false;  // get_service(), from start() on.
};

}  // namespace toolrack::testing
