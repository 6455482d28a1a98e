// Skills that a plugin lists itself: asked for before its tool is offered and when it says that they have changed, in
// this process and, by sources_tests.in_worker, in one of its own.
#include <gmock/gmock.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "native_fixture.hpp"
#include "support/patience.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Tools = std::vector<std::shared_ptr<const registry::Tool>>;

std::string item(std::string_view name) {
  return R"({"name":")" + std::string(name) + R"(","description":"Was not there before.","input":{"type":"object"}})";
}

class PluginLists : public NativeFixture {
 protected:
  ~PluginLists() override {
    if (source != nullptr) source->on_lists(nullptr);
  }
  void serve(const std::string& name = "grows") {
    install(name, "grows");
    open();
    listen();
  }
  void listen() {
    source->on_lists([this] {
      const std::lock_guard lock(mutex_);
      ++heard_;
      changed_.notify_all();
    });
  }
  static const registry::Tool& grows(const Tools& tools) {
    for (const auto& tool : tools)
      if (tool->slug == "grows") return *tool;
    std::abort();
  }
  static std::vector<std::string> names(const Tools& tools) {
    std::vector<std::string> out;
    for (const auto& skill : grows(tools).skills) out.push_back(skill.name);
    return out;
  }
  static const registry::Skill& skill_in(const Tools& tools, const std::string& name) {
    for (const auto& skill : grows(tools).skills)
      if (skill.name == name) return skill;
    std::abort();
  }
  Answer run(const registry::Skill& skill, std::string input = "{}") {
    TestCall one(skill, std::move(input), loops[0]);
    one.start();
    return one.wait();
  }
  /// What the plugin answers from now on; it says itself that its list has changed.
  void become(const std::string& page) {
    EXPECT_EQ(run(skill_in(result.tools, "become"), R"({"page":)" + page + "}").code(), "ok");
  }
  /// The same, but it says nothing.
  void become_quietly(const std::string& page) {
    EXPECT_EQ(run(skill_in(result.tools, "become"), R"({"quietly":true,"page":)" + page + "}").code(), "ok");
  }
  /// As an operator who wants to see again what had failed.
  void ask_again() { result = source->scan({{plugins(), false}}, {.retries_failed = true}); }
  /// After `become`: the tools with what was listed.
  Tools next() {
    {
      std::unique_lock lock(mutex_);
      EXPECT_TRUE(changed_.wait_for(lock, test::kPatience, [&] { return heard_ > seen_; }));
      seen_ = heard_;
    }
    return source->take_lists().value_or(Tools());
  }
  /// Until what is wrong with the list is shown.
  std::string problem() {
    const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
    while (row("grows").list_problem.empty() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
    return row("grows").list_problem;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int heard_ = 0, seen_ = 0;
};

TEST_F(PluginLists, AreKnownBeforeTheToolIsOffered) {
  serve();
  EXPECT_THAT(names(result.tools), ElementsAre("become", "one", "two"));
  EXPECT_EQ(row("grows").state, PluginState::kServing) << "it was loaded to be asked";
  EXPECT_EQ(row("grows").listed_skills, 2U);
  EXPECT_EQ(row("grows").list_problem, "");
  EXPECT_FALSE(source->take_lists()) << "nothing is new";
}

TEST_F(PluginLists, AreCalledByTheirNames) {
  serve();
  EXPECT_EQ(run(skill_in(result.tools, "two")).output, R"({"name":"two","in_manifest":false})");
  EXPECT_EQ(run(skill_in(result.tools, "one")).output, R"({"name":"one","in_manifest":false})");
}

TEST_F(PluginLists, ChangeWhenThePluginSaysSo) {
  serve();
  become(R"({"items":[)" + item("three") + "]}");
  const auto tools = next();
  EXPECT_THAT(names(tools), ElementsAre("become", "three"));
  EXPECT_EQ(run(skill_in(tools, "three")).output, R"({"name":"three","in_manifest":false})");
  EXPECT_EQ(row("grows").state, PluginState::kServing);
  EXPECT_EQ(grows(tools).build_id, grows(result.tools).build_id) << "the same plugin";
  scan();
  EXPECT_FALSE(result.is_changed() || result.has_new_lists);
  EXPECT_THAT(names(result.tools), ElementsAre("become", "three")) << "scans give them, too";
}

TEST_F(PluginLists, AreTheSameWhenTheListSaysTheSame) {
  serve();
  const auto* before = result.tools[0].get();
  const auto asked = row("grows").calls;
  become(R"({"items":[)" + item("one") + "," + item("two") + "]}");
  const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
  while (row("grows").calls < asked + 2 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  become(R"({"items":[)" + item("other") + "]}");
  const auto tools = next();
  EXPECT_NE(tools[0].get(), before);
  EXPECT_THAT(names(tools), ElementsAre("become", "other"));
  EXPECT_FALSE(source->take_lists());
}

TEST_F(PluginLists, CallsThatRunStayWhatTheyAre) {
  serve();
  TestCall slow(skill_in(result.tools, "one"), R"({"until":"go"})", loops[0]);
  slow.start();
  slow.ticket();
  become(R"({"items":[]})");
  EXPECT_THAT(names(next()), ElementsAre("become"));
  EXPECT_FALSE(slow.is_answered());
  become_quietly(R"("go")");
  EXPECT_EQ(slow.wait().output, R"({"name":"one","in_manifest":false})");
}

TEST_F(PluginLists, WhatIsWrongWithThemIsShownAndTheLastOnesStay) {
  serve();
  struct Row {
    std::string page, problem;
  };
  for (const auto& [page, problem] : std::vector<Row>{
           {R"({"items":[{"name":"x"}]})", "/items/0"},
           {R"({"items":[)" + item("ok") + "," + item("become") + "]}", "\"become\" is also the name of /skills/0"},
           {R"({"items":"many"})", "list of skills at /items: "},
           {R"({"items":[],"next":"again"})", "goes on after 100 pages"},
           {R"("fail")", "there is no list today"}}) {
    become(page);
    const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
    while (row("grows").list_problem.find(problem) == std::string::npos && std::chrono::steady_clock::now() < give_up)
      std::this_thread::yield();
    EXPECT_THAT(row("grows").list_problem, HasSubstr(problem));
    EXPECT_FALSE(source->take_lists());
  }
  scan();
  EXPECT_THAT(names(result.tools), ElementsAre("become", "one", "two"));
  become(R"({"items":[)" + item("good") + "]}");
  EXPECT_THAT(names(next()), ElementsAre("become", "good"));
  EXPECT_EQ(row("grows").list_problem, "");
}

TEST_F(PluginLists, AreAskedForAgainWhenTheOperatorWantsThat) {
  serve();
  become("\"fail\"");
  EXPECT_THAT(problem(), HasSubstr("there is no list today"));
  become_quietly(R"({"items":[)" + item("other") + "]}");
  ask_again();
  EXPECT_THAT(names(next()), ElementsAre("become", "other"));
}

TEST_F(PluginLists, AreNotWaitedForLong) {
  settings.list_timeout = std::chrono::milliseconds(1'000);
  settings.grace = std::chrono::milliseconds(10);
  serve();
  while (names(result.tools).size() == 1) ask_again();  // A busy machine may need longer for the first list.
  become("\"never\"");
  EXPECT_THAT(problem(), HasSubstr("within 1000 ms"));
  EXPECT_EQ(run(skill_in(result.tools, "one")).code(), "ok");
}

TEST_F(PluginLists, TakeNoNameOfAnotherToolUntilThatHasGone) {
  const auto other = install("grows_clash");
  serve();
  EXPECT_THAT(names(result.tools), ElementsAre("become"));
  EXPECT_THAT(problem(), HasSubstr("test/grows and test/grows-clash both offer \"grows_two\""));
  std::filesystem::remove(other);
  scan();
  EXPECT_TRUE(result.has_new_lists);
  EXPECT_THAT(names(result.tools), ElementsAre("become", "one", "two"));
  EXPECT_EQ(row("grows").list_problem, "");
  drain(std::move(result.retired));
}

TEST_F(PluginLists, KeepTheirNamesAgainstAToolThatComesLater) {
  serve();
  install("grows_clash");
  scan();
  EXPECT_EQ(row("grows_clash").code, "E_NAME_CLASH");
  EXPECT_THAT(row("grows_clash").message, HasSubstr("grows_two"));
}

TEST_F(PluginLists, OfAnotherBuildAreKnownBeforeTheOldOneGoes) {
  serve();
  const auto before = result.tools;
  install("grows_again", "grows");
  scan();
  EXPECT_THAT(names(result.tools), ElementsAre("become", "one", "three"));
  EXPECT_EQ(run(skill_in(before, "two")).code(), "ok") << "the old one serves who has it";
  EXPECT_EQ(run(skill_in(result.tools, "three")).code(), "ok");
}

TEST_F(PluginLists, HoldTheirPluginInWhicheverCatalogueTheyStand) {
  serve();
  auto first = result.tools;
  become(R"({"items":[)" + item("three") + "]}");
  auto second = next();
  result.tools.clear();
  std::filesystem::remove(plugins() / "grows.so");
  scan();
  std::promise<void> closed;
  auto is_closed = closed.get_future();
  source->drain(std::move(result.retired), [&] { closed.set_value(); });
  second.clear();
  EXPECT_EQ(run(skill_in(first, "one")).code(), "ok") << "an older list may still be called";
  EXPECT_EQ(is_closed.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  first.clear();
  EXPECT_EQ(is_closed.wait_for(test::kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace toolrack::sources::native
