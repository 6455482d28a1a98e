/// A higher version that takes something away from callers does not serve unless somebody wants it all the same.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Compatible : public NativeFixture {
 protected:
  /// The tool `fetch` in that version, whose skill takes `properties`, in a folder of its own.
  void place(const std::string& folder, const std::string& version, const std::string& properties) {
    std::filesystem::create_directories(directory.path() / folder);
    const auto to = directory.path() / folder / "fetch.tool.json";
    std::ofstream(to.string() + ".tmp") << fmt::format(
        R"({{"manifest":"1.0","owner":"test","name":"fetch","version":"{}","description":"d",)"
        R"("providers":{{"p":{{"base_url":"https://p.example"}}}},"skills":[{{"name":"get","description":"d",)"
        R"("input":{{"type":"object","properties":{{{}}}}},"request":{{"path":"/x"}}}}]}})",
        version, properties);
    std::filesystem::rename(to.string() + ".tmp", to);
  }
  void remove(const std::string& folder) { std::filesystem::remove(directory.path() / folder / "fetch.tool.json"); }
  /// The versions that serve.
  std::vector<std::string> look(ScanOptions options = {}) {
    if (source == nullptr) open();
    std::vector<PluginDirectory> folders;
    for (const auto* folder : {"a", "b", "c"}) {
      std::filesystem::create_directories(directory.path() / folder);
      folders.push_back({directory.path() / folder, false});
    }
    result = source->scan(folders, options);
    std::vector<std::string> out;
    for (const auto& one : result.tools) out.push_back(one->version);
    return out;
  }
  std::string fault() const {
    return result.faults.empty() ? std::string() : result.faults[0].code + " " + result.faults[0].message;
  }
  static constexpr const char* kWide = R"("url":{"type":"string"},"depth":{"type":"integer"})";
  static constexpr const char* kNarrow = R"("url":{"type":"string"})";
};

TEST_F(Compatible, LetsAVersionServeThatTakesNothingAway) {
  place("a", "1.0.0", kNarrow);
  place("b", "1.1.0", kWide);
  EXPECT_THAT(look(), ElementsAre("1.0.0", "1.1.0"));
  EXPECT_THAT(result.faults, IsEmpty());
}

TEST_F(Compatible, RefusesOneThatDoesAndNamesThePlace) {
  place("a", "1.0.0", kWide);
  EXPECT_THAT(look(), ElementsAre("1.0.0"));
  place("b", "1.1.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.0.0"));
  EXPECT_EQ(fault(),
            "E_INCOMPATIBLE test/fetch@1.1.0 takes away from callers of 1.0.0: at "
            "/skills/0/input/properties/depth of the one before: is gone");
  look();
  EXPECT_THAT(result.faults, IsEmpty()) << "told once";
  place("b", "2.0.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.0.0", "2.0.0"));
}

TEST_F(Compatible, DoesNotDependOnTheOrderOfFiles) {
  place("a", "1.2.0", kNarrow);
  place("b", "1.1.0", kWide);
  place("c", "1.0.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.1.0", "1.0.0"));
  EXPECT_THAT(fault(), HasSubstr("test/fetch@1.2.0 takes away from callers of 1.1.0"));
}

TEST_F(Compatible, LeavesInPlaceWhatWouldBeReplaced) {
  place("a", "1.0.0", kWide);
  look();
  place("a", "1.1.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.0.0"));
  EXPECT_THAT(result.retired.modules, IsEmpty());
  EXPECT_THAT(look(), ElementsAre("1.0.0")) << "and with every look from then on";
  place("a", "1.0.1", kWide);
  EXPECT_THAT(look(), ElementsAre("1.0.1"));
}

TEST_F(Compatible, HoldsItAgainstWhatLosesItsFileAtTheSameTime) {
  place("a", "1.0.0", kWide);
  look();
  remove("a");
  place("b", "1.1.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.0.0"));
  EXPECT_THAT(fault(), HasSubstr("E_INCOMPATIBLE"));
}

TEST_F(Compatible, TakesItOnceNobodyCanMissAnything) {
  place("a", "1.0.0", kWide);
  place("b", "1.1.0", kNarrow);
  EXPECT_THAT(look(), ElementsAre("1.0.0"));
  remove("a");
  EXPECT_THAT(look(), ElementsAre("1.1.0"));
}

TEST_F(Compatible, IsNotAskedWhenItIsForcedOrAllowed) {
  place("a", "1.0.0", kWide);
  place("b", "1.1.0", kNarrow);
  look();
  for (const auto* other : {"fetch@1.0.0", "other@1.1.0", "fetch"}) {
    ScanOptions options;
    options.forced = {other};
    EXPECT_THAT(look(options), ElementsAre("1.0.0")) << other;
  }
  ScanOptions options;
  options.forced = {"fetch@1.1.0"};
  EXPECT_THAT(look(options), ElementsAre("1.0.0", "1.1.0"));
  place("c", "1.2.0", R"("url":{"type":"string","maxLength":9})");
  EXPECT_THAT(look(options), ElementsAre("1.0.0", "1.1.0")) << "one version, not the next";
}

TEST_F(Compatible, IsNotAskedWhereTheOperatorAllowsIt) {
  settings.allow_breaking = true;
  place("a", "1.0.0", kWide);
  place("b", "1.1.0", kNarrow);
  EXPECT_THAT(look(), SizeIs(2));
}

}  // namespace
}  // namespace toolrack::sources::native
