/// Documents that tools bring: in their libraries, and in folders beside their manifests.
#include "sources/native/knowledge_folder.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "native_fixture.hpp"
#include "registry/catalogue.hpp"
#include "services/knowledge/knowledge.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KnowledgeFolder : public NativeFixture {
 protected:
  void SetUp() override { write("bare.tool.json", kManifest); }
  void write(const std::string& name, std::string_view text) const {
    const auto path = plugins() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::vector<std::string> documents() const {
    std::vector<std::string> out;
    for (const auto& document : tool("bare").knowledge) out.push_back(document.id + ": " + document.text);
    return out;
  }
  PluginFile only_row() const { return source->files().front(); }

  static constexpr const char* kManifest =
      R"({"manifest":"1.0","owner":"test","name":"bare","version":"1.0.0","description":"d",)"
      R"("providers":{"p":{"base_url":"https://p.example"}},)"
      R"("skills":[{"name":"run","description":"d","input":{"type":"object"},"request":{"path":"/"}}]})";
};

TEST_F(KnowledgeFolder, HoldsTheDocumentsOfAManifest) {
  write("bare.knowledge/b.md", "Second.");
  write("bare.knowledge/a.md",
        "\xef\xbb\xbf"
        "First.");
  write("bare.knowledge/.hidden.md", "Not meant.");
  write("bare.knowledge/notes.txt", "Not meant.");
  write("bare.knowledge/deeper/c.md", "Not meant.");
  write("bare.knowledge/empty.md", "");
  write("other.knowledge/d.md", "Of another tool.");
  open();
  EXPECT_THAT(documents(), ElementsAre("a: First.", "b: Second."));
}

TEST_F(KnowledgeFolder, IsAnotherBuildWhenADocumentChanges) {
  open();
  const auto bare = only_row().build_id;
  EXPECT_THAT(documents(), IsEmpty());
  EXPECT_FALSE(scan().is_changed());
  write("bare.knowledge/a.md", "First.");
  EXPECT_TRUE(scan().is_changed());
  drain(std::move(result.retired));
  EXPECT_THAT(documents(), ElementsAre("a: First."));
  EXPECT_NE(only_row().build_id, bare);
  EXPECT_FALSE(scan().is_changed()) << "nothing has changed since";
  write("bare.knowledge/a.md", "Changed.");
  EXPECT_TRUE(scan().is_changed());
  drain(std::move(result.retired));
  EXPECT_THAT(documents(), ElementsAre("a: Changed."));
  std::filesystem::remove_all(plugins() / "bare.knowledge");
  EXPECT_TRUE(scan().is_changed());
  drain(std::move(result.retired));
  EXPECT_EQ(only_row().build_id, bare);
}

TEST_F(KnowledgeFolder, RefusesWhatIsNoDocument) {
  struct Case {
    const char *name, *text, *words;
  };
  const std::string hidden = "seen \xe2\x80\xae turned";
  for (const auto& one : {Case{"bad name.md", "x", "bad name.md"}, Case{"latin.md", "\xfc", "not UTF-8 at byte 0"},
                          Case{"hidden.md", hidden.c_str(), "U+202E"}}) {
    write(std::string("bare.knowledge/") + one.name, one.text);
    if (source == nullptr)
      open();
    else
      scan();
    EXPECT_EQ(only_row().code, "E_MANIFEST") << one.name;
    EXPECT_THAT(only_row().message, HasSubstr(one.words));
    std::filesystem::remove(plugins() / "bare.knowledge" / one.name);
  }
  scan();
  EXPECT_EQ(only_row().code, "") << "the control";
}

TEST_F(KnowledgeFolder, BoundsWhatAToolBrings) {
  write("bare.knowledge/a.md", std::string(registry::kMaxDocumentBytes, 'a'));
  open();
  EXPECT_EQ(only_row().code, "") << "so much is allowed";
  write("bare.knowledge/b.md", "b");
  scan();
  EXPECT_THAT(only_row().message, HasSubstr("too much"));
  std::filesystem::remove(plugins() / "bare.knowledge/a.md");
  for (std::size_t i = 0; i < registry::kMaxDocuments; ++i) write("bare.knowledge/" + std::to_string(i) + ".md", "x");
  scan();
  EXPECT_THAT(only_row().message, HasSubstr("more than 1024"));
}

TEST_F(KnowledgeFolder, HostedGatewaysRefuseDocumentsThatOthersMayWrite) {
  write("bare.knowledge/a.md", "First.");
  settings.require_safe_permissions = true;
  for (const auto& path : {plugins(), plugins() / "bare.tool.json", plugins() / "bare.knowledge"})
    ::chmod(path.c_str(), 0755);
  ::chmod((plugins() / "bare.knowledge/a.md").c_str(), 0644);
  open();
  EXPECT_EQ(only_row().code, "") << only_row().message;
  ::chmod((plugins() / "bare.knowledge/a.md").c_str(), 0666);
  scan();
  EXPECT_EQ(only_row().code, "E_PERMISSIONS");
}

TEST_F(KnowledgeFolder, PluginsCarryTheirs) {
  std::filesystem::remove(plugins() / "bare.tool.json");
  install("reads_up");
  open();
  const auto& all = tool("reads-up").knowledge;
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, "short");
  EXPECT_EQ(all[0].title, "Short");
  EXPECT_EQ(all[1].id, "hours");
  EXPECT_EQ(all[1].text, "# Opening hours\n\nFrom nine to five.\n");
  EXPECT_EQ(all[2].id, "parcels");
}

/// With the service that searches them.
class ReadsUp : public KnowledgeFolder {
 protected:
  void SetUp() override {
    install("reads_up");
    install("plain");
    environment.knowledge = &knowledge;
    open();
    knowledge.publish(*registry::Catalogue::build(result.tools, {}, 1).value());
  }
  void TearDown() override {
    knowledge.close();
    source.reset();
    pool.stop();
  }
  base::Pool pool{"knowledge", 2};
  services::knowledge::Knowledge knowledge{pool};
};

TEST_F(ReadsUp, SkillsSearchTheDocumentsOfTheirTool) {
  for (const auto* skill : {"search", "search_pooled"}) {
    const auto answer = call("reads-up", skill, R"({"query":"may I send parcels back?","limit":1})");
    ASSERT_EQ(answer.code(), "ok") << answer.error->message();
    EXPECT_THAT(answer.output, HasSubstr(R"("document":"parcels","title":"Parcels","headings":["Parcels"])"));
    EXPECT_THAT(answer.output, HasSubstr("within two weeks"));
  }
  EXPECT_THAT(call("reads-up", "search", R"({"query":"brevity"})").output, HasSubstr(R"("document":"short")"));
  EXPECT_EQ(call("reads-up", "search", R"({"query":"elephants"})").output, R"({"results":[],"method":"words"})");
}

TEST_F(ReadsUp, QueriesThatAreNoneAreToldSo) {
  for (const auto* query : {R"({})", R"({"query":""})", R"({"query":5})"}) {
    const auto answer = call("reads-up", "search", query);
    ASSERT_TRUE(answer.error) << query;
    EXPECT_THAT(answer.error->message(), HasSubstr("no text")) << query;
  }
}

TEST_F(ReadsUp, AVersionThatIsBeingReplacedSearchesItsOwn) {
  knowledge.publish(*registry::Catalogue::build({}, {}, 2).value());
  EXPECT_THAT(call("reads-up", "search", R"({"query":"parcels"})").output, HasSubstr("two weeks"));
}

TEST_F(ReadsUp, WithoutTheServiceThereIsNone) {
  source.reset();
  environment.knowledge = nullptr;
  source = std::make_unique<NativeSource>(environment);
  scan();
  EXPECT_EQ(call("reads-up", "search", R"({"query":"parcels"})").error->message(), "there is nothing to search");
}

TEST_F(KnowledgeFolder, TwoDocumentsOfOneNameAreRefused) {
  std::filesystem::remove(plugins() / "bare.tool.json");
  install("two_documents");
  open();
  EXPECT_EQ(row("two_documents").code, "E_MANIFEST");
  EXPECT_THAT(row("two_documents").message, HasSubstr("one name"));
}

}  // namespace
}  // namespace toolrack::sources::native
