// Resources, prompts and completions of a plugin, in this process and, by sources_tests.in_worker, in one of its own.
#include <fstream>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using registry::Kind;

class Offers : public NativeFixture {
 protected:
  Offers() {
    install("offers");
    open();
  }
  Answer ask(Kind kind, std::string name, std::string input = "{}") {
    TestCall one(*tool("offers").find_service(kind), std::move(input), loops[0]);
    one.invocation.name = name;
    one.start();
    return one.wait();
  }
};

TEST_F(Offers, APluginReadsItsResources) {
  const auto text = ask(Kind::kResource, "test://text");
  ASSERT_FALSE(text.error) << text.error->message();
  ASSERT_EQ(text.rest.parts.size(), 1U);
  EXPECT_EQ(text.rest.parts[0].uri, "test://text");
  EXPECT_EQ(text.rest.parts[0].text, "Some text");
  EXPECT_EQ(text.rest.ttl_ns, 120'000'000'000);
  EXPECT_TRUE(text.rest.cache_public);
  const auto bytes = ask(Kind::kResource, "test://bytes");
  ASSERT_EQ(bytes.rest.parts.size(), 1U);
  EXPECT_EQ(bytes.rest.parts[0].bytes, std::string("\x89PNG\0\xff", 6));
  EXPECT_EQ(ask(Kind::kResource, "test://both").rest.parts.size(), 2U);
  const auto slow = ask(Kind::kResource, "test://slow");
  ASSERT_EQ(slow.rest.parts.size(), 1U) << "a coroutine that waits";
  EXPECT_EQ(slow.rest.parts[0].text, "slept");
}

TEST_F(Offers, APluginHearsTheValuesOfItsTemplate) {
  const auto item = ask(Kind::kResource, "test://items/7", R"({"id":"7"})");
  ASSERT_EQ(item.rest.parts.size(), 1U);
  EXPECT_EQ(item.rest.parts[0].uri, "test://items/7");
  EXPECT_EQ(item.rest.parts[0].text, R"({"id":"7"})");
}

TEST_F(Offers, APluginThatDoesNotFindItSaysSo) {
  const auto gone = ask(Kind::kResource, "test://gone");
  ASSERT_TRUE(gone.error);
  EXPECT_EQ(gone.code(), "offers.gone");
  EXPECT_EQ(gone.error->type(), base::ErrorType::kNotFound);
}

TEST_F(Offers, APluginFillsItsPromptsAndCompletes) {
  EXPECT_EQ(ask(Kind::kPrompt, "greet", R"({"who":"me"})").output,
            R"({"description":"From greet","messages":[{"role":"user","content":)"
            R"({"type":"text","text":"{\"who\":\"me\"}"}}]})");
  EXPECT_EQ(ask(Kind::kCompletion, "greet", R"({"ref":1})").output, R"({"values":["greet","{\"ref\":1}"]})");
}

TEST_F(Offers, APluginHearsWhatIsWatched) {
  EXPECT_FALSE(ask(Kind::kSubscribe, "test://text").error);
  EXPECT_EQ(ask(Kind::kSubscribe, "test://bytes").code(), "offers.private");
  const auto unwanted = ask(Kind::kUnsubscribe, "test://text");
  ASSERT_TRUE(unwanted.error);
  EXPECT_EQ(unwanted.error->code(), base::ErrorCode::kUnimplemented);
}

TEST_F(Offers, APluginListsItselfPageByPage) {
  install("lists");
  scan();
  const auto page = [&](Kind kind, std::string cursor) {
    TestCall one(*tool("lists").find_service(kind), "{}", loops[0]);
    one.invocation.name = cursor;
    one.start();
    return one.wait().output;
  };
  EXPECT_NE(page(Kind::kListResources, "").find(R"("next":"2")"), std::string::npos);
  EXPECT_NE(page(Kind::kListResources, "2").find("notes://3"), std::string::npos);
  EXPECT_NE(page(Kind::kListTemplates, "").find("notes://{year}-{month}"), std::string::npos);
  EXPECT_NE(page(Kind::kListPrompts, "").find("made"), std::string::npos);
}

TEST_F(Offers, ItsSkillsAreAskedAsSkills) {
  const auto shown = call("offers", "show");
  ASSERT_EQ(shown.rest.parts.size(), 1U);
  EXPECT_EQ(shown.rest.parts[0].text, "Shown.");
}

TEST_F(Offers, APluginOfSkillsOnlyIsNotAskedForOthers) {
  install("plain");
  scan();
  EXPECT_EQ(tool("plain").find_service(Kind::kCompletion), nullptr);
}

TEST_F(Offers, AUriOfAnotherToolIsRefusedAndBothAreNamed) {
  for (const auto* name : {"uri_clash", "prompt_clash"}) {
    install(name);
    scan();
    EXPECT_EQ(row(name).code, "E_NAME_CLASH");
    EXPECT_NE(row(name).message.find("test/offers"), std::string::npos) << row(name).message;
    EXPECT_NE(row(name).message.find("-clash"), std::string::npos) << row(name).message;
  }
  EXPECT_FALSE(ask(Kind::kResource, "test://text").error);
}

TEST_F(Offers, AManifestAloneCannotOfferThem) {
  std::ofstream(plugins() / "bare.tool.json")
      << R"({"manifest":"1.0","owner":"test","name":"bare","version":"1.0.0","description":"d","skills":[],)"
         R"("resources":[{"uri":"bare://a","name":"a"}]})";
  scan();
  for (const auto& file : source->files()) {
    if (file.path.find("bare.tool.json") == std::string::npos) continue;
    EXPECT_EQ(file.code, "E_MANIFEST");
    EXPECT_NE(file.message.find("need code"), std::string::npos) << file.message;
    return;
  }
  ADD_FAILURE() << "no row for it";
}

}  // namespace
}  // namespace toolrack::sources::native
