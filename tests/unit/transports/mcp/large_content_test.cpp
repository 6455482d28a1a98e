/// What is too large to stand in a result, and what a skill leaves as files: links, with what fits standing there
/// itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>

#include <fstream>
#include <map>

#include "base/encoding.hpp"
#include "call/file_outputs.hpp"
#include "mcp_fixture.hpp"
#include "services/assets/url_signer.hpp"
#include "unit/services/assets_fixture.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::parsed;
using ::testing::StartsWith;
using Type = registry::Part::Type;

constexpr std::size_t kMedia = 256 << 10, kText = 1 << 20;  // As Settings has them.

/// Files by name, as a skill would have left them.
class FakeFiles final : public registry::CallFiles {
 public:
  explicit FakeFiles(std::map<std::string, std::string, std::less<>> files) : files_(std::move(files)) {}
  base::Result<int> open_file(std::string_view path) override {
    const auto name = directory_.path() / std::string(path);
    std::ofstream(name) << files_.find(path)->second;
    return ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  }

 private:
  testing::TempDirectory directory_;
  const std::map<std::string, std::string, std::less<>> files_;
};

struct Keeping {
  explicit Keeping(std::uint64_t account_bytes = 1 << 30) : assets({.account_bytes = account_bytes}) {}
  testing::AssetsFixture assets;
  std::unique_ptr<services::assets::UrlSigner> signer =
      *services::assets::UrlSigner::open(assets.records, assets.clock);
  services::assets::AssetLinks links{*signer};
  base::Pool pool{"files", 1};
  call::FileOutputs outputs{.assets = assets.assets, .links = links, .pool = pool};
};

class LargeContentTest : private Keeping, public McpTest {
 protected:
  explicit LargeContentTest(std::uint64_t account_bytes = 1 << 30)
      : Keeping(account_bytes), McpTest({.files = &outputs}) {}

  void answers(std::function<registry::Outcome()> answer, std::string output_schema = "") {
    auto skill =
        std::make_shared<testing::InstantSkill>([answer = std::move(answer)](const auto&) { return answer(); });
    rack_.rack.publish({testing::make_tool("fake", {{.name = "large", .handler = skill, .output = output_schema}})});
  }
  base::json::Document modern() { return parsed(send(modern_call("1", "fake_large"))); }
  base::json::Document legacy(const std::string& version) {
    const auto session = open_session(version);
    auto headers = legacy_headers(session, version);
    return parsed(testing::exchange(rack_.port, "POST", "/mcp", headers,
                                    R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"fake_large"}})")
                      .body);
  }
  std::string send(const std::string& request) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(request);
    const auto reply = client.read_reply(false);
    return reply ? reply->body : "";
  }
  /// The bytes behind a link of ours.
  std::string behind(const std::string& uri) {
    const auto id = signer->verify(uri);
    if (!id) return "(no valid link: " + uri + ")";
    const auto asset = assets.assets.find_any(*id);
    auto reader = assets.assets.open(*asset);
    return (*reader)->read(0, asset->bytes).value_or("(nothing)");
  }
  using Keeping::assets;
};

registry::Outcome with_part(Type type, std::string media_type, std::string bytes) {
  auto outcome = testing::success("{}");
  auto& part = outcome.parts.emplace_back();
  part.type = type;
  part.media_type = std::move(media_type);
  (type == Type::kText ? part.text : part.bytes) = std::move(bytes);
  return outcome;
}

TEST_F(LargeContentTest, SmallImagesAndRecordingsStandInTheResultAndOtherFilesBehindIt) {
  answers([] {
    auto outcome = testing::success(
        R"({"image_path":"a.png","sound_path":["b.mp3","large.wav"],"page_path":"c.html","d_path":"d.svg"})");
    outcome.files = std::make_unique<FakeFiles>(
        std::map<std::string, std::string, std::less<>>{{"a.png", "png"},
                                                        {"b.mp3", "mp3"},
                                                        {"large.wav", std::string(kMedia + 1, 'w')},
                                                        {"c.html", "<p>"},
                                                        {"d.svg", "<svg>"}});
    return outcome;
  });
  const auto body = modern();
  EXPECT_THAT(at(body, "/result/content/0/text"), HasSubstr("image_url")) << "first the output";
  EXPECT_EQ(at(body, "/result/content/1/type"), "image");
  EXPECT_EQ(at(body, "/result/content/1/data"), base::to_base64("png"));
  EXPECT_EQ(at(body, "/result/content/1/mimeType"), "image/png");
  EXPECT_EQ(at(body, "/result/content/2/type"), "audio");
  EXPECT_EQ(at(body, "/result/content/3/type"), "resource_link");
  EXPECT_EQ(at(body, "/result/content/3/name"), "large.wav");
  EXPECT_EQ(at(body, "/result/content/3/mimeType"), "audio/wav");
  EXPECT_EQ(at(body, "/result/content/3/size"), std::to_string(kMedia + 1));
  EXPECT_EQ(behind(at(body, "/result/content/3/uri")), std::string(kMedia + 1, 'w'));
  EXPECT_EQ(at(body, "/result/content/4/type"), "resource_link") << "a page";
  EXPECT_EQ(behind(at(body, "/result/content/4/uri")), "<p>");
  EXPECT_EQ(at(body, "/result/content/5/type"), "resource_link") << "a drawing that may hold a script";
  EXPECT_EQ(at(body, "/result/_meta/dev.toolrack~1truncated"), "(absent)");

  const auto old = legacy("2024-11-05");
  EXPECT_EQ(at(old, "/result/content/1/type"), "image");
  for (const auto* place : {"/result/content/2", "/result/content/3", "/result/content/4"})
    EXPECT_EQ(at(old, std::string(place) + "/type"), "text") << "it knows neither audio nor links";
  EXPECT_THAT(at(old, "/result/content/2/text"), StartsWith("b.mp3: /v1/assets/"));
  EXPECT_THAT(at(old, "/result/content/3/text"), StartsWith("large.wav: /v1/assets/"));
  EXPECT_EQ(at(legacy("2025-03-26"), "/result/content/2/type"), "audio");
  EXPECT_EQ(at(legacy("2025-03-26"), "/result/content/3/type"), "text");
}

TEST_F(LargeContentTest, ATaskShowsWhatTheCallWouldHaveShown) {
  const auto skill = [](std::string name, std::function<registry::Outcome()> answer) {
    return testing::FakeSkill{.name = std::move(name),
                              .handler = std::make_shared<testing::InstantSkill>(
                                  [answer = std::move(answer)](const auto&) { return answer(); }),
                              .async = true};
  };
  const auto long_output = "{\"text\":\"" + std::string(kText, 'x') + "\"}";
  rack_.rack.publish({testing::make_tool(
      "fake", {skill("files",
                     [] {
                       auto outcome = testing::success(R"({"image_path":"a.png","page_path":"c.html"})");
                       outcome.files = std::make_unique<FakeFiles>(
                           std::map<std::string, std::string, std::less<>>{{"a.png", "png"}, {"c.html", "<p>"}});
                       return outcome;
                     }),
               skill("long", [long_output] { return testing::success(long_output); })})});
  const auto result_of_task = [&](const std::string& name) {
    constexpr auto kTasks =
        R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",)"
        R"("io.modelcontextprotocol/clientCapabilities":{"extensions":{"io.modelcontextprotocol/tasks":{}}}}}})";
    const auto ask = [&](const std::string& method, const std::string& named, const std::string& params) {
      return parsed(send(testing::http_request(
          "POST", "/mcp", modern_headers(method, named),
          R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":{)" + params + "," + kTasks)));
    };
    const auto task = at(ask("tools/call", name, R"("name":")" + name + "\""), "/result/taskId");
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    auto told = ask("tasks/get", task, R"("taskId":")" + task + "\"");
    while (at(told, "/result/status") == "working" && std::chrono::steady_clock::now() < end)
      told = ask("tasks/get", task, R"("taskId":")" + task + "\"");
    return told;
  };
  const auto files = result_of_task("fake_files");
  EXPECT_THAT(at(files, "/result/result/content/0/text"), HasSubstr("image_url"));
  EXPECT_EQ(at(files, "/result/result/content/1/type"), "image");
  EXPECT_EQ(at(files, "/result/result/content/1/data"), base::to_base64("png"));
  EXPECT_EQ(at(files, "/result/result/content/2/type"), "resource_link");
  EXPECT_EQ(behind(at(files, "/result/result/content/2/uri")), "<p>");

  const auto direct = parsed(send(modern_call("1", "fake_long")));
  const auto shortened = result_of_task("fake_long");
  EXPECT_EQ(at(shortened, "/result/result/content/0/text"), at(direct, "/result/content/0/text"));
  EXPECT_EQ(at(shortened, "/result/result/content/1/type"), "resource_link");
  EXPECT_EQ(behind(at(shortened, "/result/result/content/1/uri")), long_output);
  EXPECT_EQ(at(shortened, "/result/result/structuredContent"), "(absent)") << "as without a task";
  EXPECT_EQ(at(shortened, "/result/result/_meta/dev.toolrack~1truncated"),
            at(direct, "/result/_meta/dev.toolrack~1truncated"));
}

TEST_F(LargeContentTest, ManyImagesDoNotMakeAResultOfAnySize) {
  answers([] {
    std::map<std::string, std::string, std::less<>> files;
    std::string names;
    for (int i = 10; i < 40; ++i) {
      const auto name = std::to_string(i) + ".png";
      files[name] = "png";
      names += (names.empty() ? "\"" : ",\"") + name + "\"";
    }
    auto outcome = testing::success(R"({"image_path":[)" + names + "]}");
    outcome.files = std::make_unique<FakeFiles>(std::move(files));
    return outcome;
  });
  const auto body = modern();
  const auto& content = *base::json::at(body, "/result/content");
  ASSERT_EQ(content.Size(), 31u);
  int images = 0;
  for (const auto& block : content.GetArray()) images += at(block, "/type") == "image" ? 1 : 0;
  EXPECT_EQ(images, 8);
}

TEST_F(LargeContentTest, ALongOutputIsABeginningAndALink) {
  const auto output = base::json::quote(std::string(kText, 'x') + "end");
  answers([output] { return testing::success(output); });
  const auto body = modern();
  EXPECT_EQ(at(body, "/result/content/0/text"), output.substr(0, 4096));
  EXPECT_EQ(at(body, "/result/content/1/type"), "resource_link");
  EXPECT_EQ(at(body, "/result/content/1/name"), "fake.large.json");
  EXPECT_EQ(at(body, "/result/content/1/size"), std::to_string(output.size()));
  EXPECT_EQ(behind(at(body, "/result/content/1/uri")), output);
  EXPECT_EQ(at(body, "/result/_meta/dev.toolrack~1truncated"), "true");
  EXPECT_EQ(at(body, "/result/structuredContent"), "(absent)");
  EXPECT_THAT(at(legacy("2024-11-05"), "/result/content/1/text"), StartsWith("fake.large.json: /v1/assets/"));
  const auto rest = testing::exchange(rack_.port, "POST", "/v1/tools/call", {{"Content-Type", "application/json"}},
                                      R"({"tool":"fake","skill":"large"})");
  EXPECT_GT(rest.body.size(), kText) << "REST has no blocks, and no links in their place";
}

TEST_F(LargeContentTest, AToolThatPromisesAShapeKeepsItsPromise) {
  const auto output = R"({"text":")" + std::string(kText, 'x') + R"("})";
  answers([output] { return testing::success(output); }, R"({"type":"object","required":["text"]})");
  const auto body = modern();
  EXPECT_EQ(at(body, "/result/content/1/type"), "resource_link");
  EXPECT_EQ(at(body, "/result/structuredContent/text").size(), kText);
}

TEST_F(LargeContentTest, ASkillsOwnLargeBlocksAreLinkedToo) {
  answers([] { return with_part(Type::kImage, "image/png", std::string(kMedia + 1, 'p')); });
  auto body = modern();
  EXPECT_EQ(at(body, "/result/content/0/type"), "resource_link");
  EXPECT_EQ(at(body, "/result/content/0/name"), "fake.large.png");
  EXPECT_EQ(behind(at(body, "/result/content/0/uri")), std::string(kMedia + 1, 'p'));
  answers([] { return with_part(Type::kImage, "image/png", std::string(kMedia, 'p')); });
  EXPECT_EQ(at(modern(), "/result/content/0/type"), "image");
  answers([] { return with_part(Type::kText, "", std::string(kText, 't') + "é"); });
  body = modern();
  EXPECT_EQ(at(body, "/result/content/0/text"), std::string(4096, 't'));
  EXPECT_EQ(behind(at(body, "/result/content/1/uri")), std::string(kText, 't') + "é");
}

TEST_F(LargeContentTest, WhatFitsIsLeftAlone) {
  const auto output = base::json::quote(std::string(kText - 2, 'x'));
  answers([output] { return testing::success(output); });
  EXPECT_EQ(at(modern(), "/result/content/0/text").size(), kText);
  EXPECT_EQ(assets.files(), 0u);
}

class FullAccountTest : public LargeContentTest {
 protected:
  FullAccountTest() : LargeContentTest(1'000) {}
};

TEST_F(FullAccountTest, AnAnswerThatCannotBeKeptIsGivenWhole) {
  const auto output = base::json::quote(std::string(kText, 'x'));
  answers([output] { return testing::success(output); });
  const auto body = modern();
  EXPECT_EQ(at(body, "/result/content/0/text"), output);
  EXPECT_EQ(at(body, "/result/_meta/dev.toolrack~1truncated"), "(absent)");
}

}  // namespace
}  // namespace toolrack::mcp
