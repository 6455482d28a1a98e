/// Declarative skills against a real server on loopback, from bare manifests in a plugin directory.
#include <gmock/gmock.h>

#include "base/json.hpp"
#include "declarative_fixture.hpp"
#include "support/data_file.hpp"

namespace toolrack::sources::native {
namespace {

using test::Reply;
using ::testing::HasSubstr;

class Declarative : public DeclarativeFixture {};

TEST_F(Declarative, ServesABareManifestAndListsItAsAPlugin) {
  server.on("/base/items/7", Reply::json(R"({ "price": 1.10, "big": 12345678901234567890.5 })"));
  serve(R"({"path":"/items/{id}"})");
  EXPECT_EQ(tool("bare").source, "declarative");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"price":1.10,"big":12345678901234567890.5})")
      << "numbers keep the digits they came with";
  const auto row = only_row();
  EXPECT_EQ(row.state, PluginState::kServing);
  EXPECT_EQ(row.tool, "test/bare");
  EXPECT_EQ(row.calls, 1U);
  EXPECT_EQ(row.build_id.size(), 64U);
}

TEST_F(Declarative, ReplacesAndRemovesAToolAsItsFileSays) {
  server.on("/base/a", Reply::json(R"({"a":1})"));
  server.on("/base/b", Reply::json(R"({"b":1})"));
  serve(R"({"path":"/a"})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"a":1})");
  write(manifest(R"({"path":"/b"})") + "\n");
  const auto& changed = scan();
  EXPECT_EQ(changed.added.size(), 1U);
  EXPECT_EQ(changed.removed.size(), 1U);
  drain(std::move(result.retired));
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"b":1})");
  uninstall(plugins() / "bare.tool.json");
  EXPECT_TRUE(result.tools.empty());
}

TEST_F(Declarative, PutsQueryHeadersAndJsonBodyTogether) {
  server.on("/base/x", Reply::json("{}"));
  serve(R"({"method":"POST","path":"/x","query":{"q":"{q}","list":"{list}","fixed":"a b&c","opt":"{opt}"},
            "headers":{"X-Q":"<{q}>","X-Opt":"{opt}"},
            "body":{"whole":"{n}","text":"n is {n}","list":["{list}","{opt}"],"opt":"{opt}","fixed":[1,null,true],"brace":"{{}}"}})");
  const auto answer = call("bare", "run", R"({"id":"7","q":"a&b=c\"d","n":1.50,"list":["x","y z"]})");
  ASSERT_FALSE(answer.error) << answer.error->message();
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.target, "/base/x?q=a%26b%3Dc%22d&list=x&list=y%20z&fixed=a%20b%26c");
  EXPECT_EQ(request.header("x-q"), "<a&b=c\"d>");
  EXPECT_FALSE(request.has_header("x-opt"));
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(body_of(request),
            R"({"whole":1.5,"text":"n is 1.5","list":[["x","y z"]],"fixed":[1,null,true],"brace":"{}"})");
}

TEST_F(Declarative, LeavesOutWhatLosesAllItHas) {
  server.on("/base/x", Reply::json("{}"));
  serve(R"({"method":"POST","path":"/x","body":{"gone":{"a":"{opt}","b":["{q}"]},"kinds":[{"type":"{q}"}],
            "kept":{"a":"{opt}","b":1},"empty":{},"none":[],"word":"last {opt}"}})");
  call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(body_of(server.requests().at(0)), R"({"kept":{"b":1},"empty":{},"none":[]})");
  call("bare", "run", R"({"id":"7","q":"news"})");
  EXPECT_EQ(body_of(server.requests().at(1)),
            R"({"gone":{"b":["news"]},"kinds":[{"type":"news"}],"kept":{"b":1},"empty":{},"none":[]})");
}

TEST_F(Declarative, TellsWhatTheProviderCharged) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    return Reply::json(request.target.ends_with("=no") ? "{}" : R"({"used":2.5})");
  });
  serve(R"({"path":"/x","query":{"q":"{q}"},"cost":{"units":"{/used}","usd":"0.001","otherwise":3}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"yes"})").rest.raw_cost, base::Money::from_micros(2'500));
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"no"})").rest.raw_cost, base::Money::from_micros(3'000));
}

TEST_F(Declarative, TakesTheCostFromTheInputWhereTheReplyDoesNotKnowIt) {
  server.on("/base/x", Reply::json("{}"));
  serve(R"({"path":"/x","cost":{"units":"{n}","usd":"0.000001"}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","n":120})").rest.raw_cost, base::Money::from_micros(120));
  EXPECT_EQ(call("bare", "run", R"({"id":"7","n":-5})").rest.raw_cost, base::Money::from_micros(1))
      << "nobody is paid for a call";
  EXPECT_EQ(call("bare", "run", R"({"id":"7","n":1e300})").rest.raw_cost, base::Money::from_micros(1'000'000'000));
}

TEST_F(Declarative, SendsTheWholeInputWhereNoBodyIsDescribed) {
  server.on("/base/x", Reply::json("{}"));
  serve(R"({"method":"POST","path":"/x"})");
  call("bare", "run", R"({"id":"7","n":1.50})");
  EXPECT_EQ(body_of(server.requests().at(0)), R"({"id":"7","n":1.50})");
}

TEST_F(Declarative, SendsForms) {
  server.on("/base/x", Reply::json("{}"));
  serve(R"({"method":"POST","path":"/x","form":{"q":"{q}","list":"{list}","opt":"{opt}","n":3}})");
  call("bare", "run", R"({"id":"7","q":"a&b=1","list":[1,2]})");
  EXPECT_EQ(body_of(server.requests().at(0)), "q=a%26b%3D1&list=1&list=2&n=3");
  EXPECT_EQ(server.requests().at(0).header("content-type"), "application/x-www-form-urlencoded");
}

TEST_F(Declarative, SendsPartsThatNoValueCanEnd) {
  server.on("/base/x", Reply::json("{}"));
  serve(
      R"({"method":"POST","path":"/x","multipart":{"q":"{q}","file":{"value":"{n}","filename":"a\"b.txt","media_type":"text/plain"}}})");
  call("bare", "run", R"({"id":"7","q":"--x\r\n\r\nevil","n":"content"})");
  const auto request = server.requests().at(0);
  const auto type = request.header("content-type");
  ASSERT_THAT(type, HasSubstr("multipart/form-data; boundary=toolrack-"));
  const auto boundary = type.substr(type.find('=') + 1);
  EXPECT_EQ(body_of(request),
            "--" + boundary + "\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n--x\r\n\r\nevil\r\n--" + boundary +
                "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.txt\"\r\n"
                "Content-Type: text/plain\r\n\r\ncontent\r\n--" +
                boundary + "--\r\n");
}

TEST_F(Declarative, MapsTheReplyAndLeavesOutWhatIsNotThere) {
  server.on("/base/x", Reply::json(R"({"data":{"a":{"b~/c":[10,{"d":"e"}]}}})"));
  serve(
      R"({"path":"/x","result":{"pointer":"/data","map":{"first":"/a/b~0~1c/0","deep":"/a/b~0~1c/1/d","gone":"/z"}}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"first":10,"deep":"e"})");
}

TEST_F(Declarative, SaysWhichPartOfTheReplyIsNotThere) {
  server.on("/base/x", Reply::json(R"({"other":1})"));
  serve(R"({"path":"/x","result":{"pointer":"/data"}})");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.code(), "provider_error");
  EXPECT_THAT(answer.error->message(), HasSubstr("/data"));
}

TEST_F(Declarative, TakesTextAsItIs) {
  server.on("/base/x", Reply::text("one \"two\"\n"));
  serve(R"({"path":"/x","result":{"text":true}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"text":"one \"two\"\n"})");
}

TEST_F(Declarative, RefusesWhatIsNoJson) {
  server.on("/base/x", Reply::text("<html>"));
  serve(R"({"path":"/x"})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "provider_error");
}

TEST_F(Declarative, MapsFailuresAlsoThoseThatSay200) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    if (request.target.ends_with("=ok")) return Reply::json(R"({"success":true,"error":null})");
    if (request.target.ends_with("=no"))
      return Reply::json(R"({"success":false,"error":{"text":"out of paper","wait":4}})");
    return Reply::json(R"({"why":"bad id"})", 400);
  });
  serve(R"({"path":"/x","query":{"q":"{q}"},"errors":[
      {"pointer":"/success","equals":false,"code":"printer.paper","type":"billing","message":"It is {/error/text}","hint":"Add paper.","retry_after":"/error/wait"},
      {"status":400,"code":"printer.bad","message":"{/why}"}]})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"ok"})").code(), "ok");
  const auto failed = call("bare", "run", R"({"id":"7","q":"no"})");
  EXPECT_EQ(failed.code(), "printer.paper");
  EXPECT_EQ(failed.error->type(), base::ErrorType::kBilling);
  EXPECT_EQ(failed.error->message(), "It is out of paper");
  EXPECT_EQ(failed.error->hint(), "Add paper.");
  EXPECT_EQ(failed.error->retry_after(), std::chrono::seconds(4));
  const auto bad = call("bare", "run", R"({"id":"7","q":"bad"})");
  EXPECT_EQ(bad.code(), "printer.bad");
  EXPECT_EQ(bad.error->type(), base::ErrorType::kValidation);
  EXPECT_EQ(bad.error->message(), "bad id");
}

TEST_F(Declarative, TellsWhenToAskAgain) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    auto reply = Reply::json("{}", 429);
    if (request.target.ends_with("=standard")) return std::move(reply).header("Retry-After", "7");
    return std::move(reply).header("X-Reset-Ms", "2500");
  });
  serve(
      R"({"method":"POST","path":"/x","query":{"q":"{q}"},"rate_limit":{"header":"X-Reset-Ms","unit":"milliseconds"}})");
  const auto standard = call("bare", "run", R"({"id":"7","q":"standard"})");
  EXPECT_EQ(standard.code(), "provider_unavailable");
  EXPECT_EQ(standard.error->type(), base::ErrorType::kRateLimit);
  EXPECT_EQ(standard.error->retry_after(), std::chrono::seconds(7));
  EXPECT_EQ(call("bare", "run", R"({"id":"7","q":"own"})").error->retry_after(), std::chrono::milliseconds(2500));
}

TEST_F(Declarative, FollowsCursorsToTheLastPage) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    if (request.target == "/base/x?q=a") return Reply::json(R"({"d":[{"v":1,"w":0},{"v":2}],"next":"c&1"})");
    if (request.target == "/base/x?q=a&after=c%261") return Reply::json(R"({"d":[{"v":3}],"next":null})");
    return Reply::json("{}", 404);
  });
  serve(
      R"({"path":"/x","query":{"q":"{q}"},"result":{"map":{"value":"/v"}},"page":{"items":"/d","into":"all","cursor":"/next","parameter":"after"}})");
  const auto answer = call("bare", "run", R"({"id":"7","q":"a"})");
  EXPECT_EQ(answer.output, R"({"all":[{"value":1},{"value":2},{"value":3}]})");
  EXPECT_FALSE(answer.rest.truncated);
}

TEST_F(Declarative, EndsAtACursorThatDoesNotMove) {
  server.on("/base/x", Reply::json(R"({"d":[1],"next":"same"})"));
  serve(R"({"path":"/x","page":{"items":"/d","cursor":"/next","parameter":"after"}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "provider_error");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(Declarative, CountsPagesAndSaysWhenItStoppedEarly) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    return Reply::json(request.target == "/base/x?p=2" ? "[5]" : "[3,4]");
  });
  serve(R"({"path":"/x","page":{"items":"","number":"p","first":0,"size":2,"max_pages":2}})");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.output, R"({"items":[3,4,3,4]})");
  EXPECT_TRUE(answer.rest.truncated) << "the second page was full and the third was not asked for";
}

TEST_F(Declarative, FollowsLinksOfTheSameOrigin) {
  server.on("/base/x", [](const test::RecordedRequest& request) {
    if (request.target == "/base/x?page=2") return Reply::json("[2]");
    return Reply::json("[1]").header("Link", R"(<x?page=9>; rel="prev"; title="a, b", <x?page=2>; rel="last next")");
  });
  serve(R"({"path":"/x","page":{"items":"","link":true}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"items":[1,2]})");
}

TEST_F(Declarative, RefusesALinkToAnotherOriginWithoutAskingIt) {
  test::ScriptedHttpServer foreign;
  foreign.on("/steal", Reply::json("[2]"));
  server.on("/base/x", Reply::json("[1]").header("Link", "<" + foreign.url("/steal") + ">; rel=next"));
  serve(R"({"path":"/x","page":{"items":"","link":true}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").code(), "link_refused");
  EXPECT_EQ(foreign.requests().size(), 0U);
}

TEST_F(Declarative, AsksUntilTheWorkIsDone) {
  std::atomic<int> asked{0};
  server.on("/base/start", Reply::json(R"({"job":"j/1","status":"queued"})"));
  server.on("/base/jobs/j%2F1/7", [&](const test::RecordedRequest&) {
    switch (asked++) {
      case 0:
        return Reply::json(R"({"status":"running"})");
      case 1:
        return Reply::json("{}", 503);  // A hiccup is no end: the work goes on.
      default:
        return Reply::json(R"({"status":"done","result":[1]})");
    }
  });
  serve(R"({"method":"POST","path":"/start","result":{"map":{"out":"/result"}},
            "poll":{"path":"/jobs/{/job}/{id}","interval_ms":1,"pointer":"/status","done":["done"],"failed":["broken"]}})");
  EXPECT_EQ(call("bare", "run", R"({"id":"7"})").output, R"({"out":[1]})");
  EXPECT_EQ(asked, 3);
}

TEST_F(Declarative, SaysWhenTheWorkHasFailed) {
  server.on("/base/start", Reply::json(R"({"status":"broken"})"));
  serve(
      R"({"path":"/start","poll":{"path":"/x","interval_ms":1,"pointer":"/status","done":["done"],"failed":["broken"]}})");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.code(), "work_failed");
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(Declarative, ACancelClosesTheRequest) {
  server.on("/base/x", Reply::held(Reply::json("{}")));
  serve(R"({"method":"POST","path":"/x"})");
  TestCall one(skill("bare", "run"), R"({"id":"7"})", loops[0]);
  one.start();
  ASSERT_TRUE(server.wait_for_requests(1));
  one.cancel();
  const auto answer = one.wait();
  EXPECT_EQ(answer.code(), "cancelled");
  EXPECT_FALSE(answer.rest.untouched) << "it may have acted";
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST_F(Declarative, KnowsThatARequestWhichOnlyReadsHasTouchedNothing) {
  server.on("/base/x", Reply::json("{}", 500));
  serve(R"({"path":"/x"})");
  const auto answer = call("bare", "run", R"({"id":"7"})");
  EXPECT_EQ(answer.code(), "provider_unavailable");
  EXPECT_TRUE(answer.rest.untouched);
}

TEST_F(Declarative, NeverLoadsALibraryWhoseSkillsNeedNoCode) {
  server.on("/base/x", Reply::json(R"({"from":"far"})"));
  install("declared");  // Has no entry function, so that loading it would fail.
  start();
  EXPECT_EQ(call("declared", "asked").output, R"({"from":"far"})");
  EXPECT_EQ(row("declared").state, PluginState::kServing);
  EXPECT_EQ(row("declared").loaded_at, 0);
}

TEST_F(Declarative, ServesBothKindsOfSkillsOfOnePlugin) {
  server.on("/base/x", Reply::json(R"({"from":"far"})"));
  const auto path = install("half_declared");
  start();
  EXPECT_EQ(call("half-declared", "asked").output, R"({"from":"far"})");
  EXPECT_EQ(row("half_declared").loaded_at, 0) << "no skill with code was called yet";
  EXPECT_EQ(call("half-declared", "echo", R"({"a":1})").code(), "ok");
  EXPECT_NE(row("half_declared").loaded_at, 0);
  uninstall(path);
  EXPECT_TRUE(result.tools.empty());
}

TEST_F(Declarative, RefusesAFileWhoseNameIsNotItsTools) {
  write(manifest(R"({"path":"/x"})"), "other.tool.json");
  start();
  EXPECT_EQ(only_row().code, "E_MANIFEST");
  EXPECT_THAT(only_row().message, HasSubstr("bare.tool.json"));
}

TEST_F(Declarative, RefusesASkillThatNeedsCode) {
  write(R"({"manifest":"1.0","owner":"test","name":"bare","version":"1.0.0","description":"d",
            "skills":[{"name":"run","description":"d","input":{"type":"object"}}]})");
  start();
  EXPECT_EQ(only_row().code, "E_MANIFEST");
  EXPECT_THAT(only_row().message, HasSubstr("no request block"));
}

/// Rows of tests/data/declarative_attacks.json: a block that must be refused at load, or an input that must not leave
/// its place. A row with `reaches` is a control: the far end is asked for just that.
class DeclarativeAttack : public Declarative, public ::testing::WithParamInterface<const base::json::Value*> {};

TEST_P(DeclarativeAttack, MeetsWhatTheRowSays) {
  const auto& row = *GetParam();
  server.on("*", [](const test::RecordedRequest&) { return Reply::json("{}"); });
  serve(base::json::dump(*base::json::find(row, "request")));
  if (const auto fault = base::json::find_string(row, "refused_at_load")) {
    EXPECT_EQ(only_row().code, "E_MANIFEST");
    EXPECT_THAT(only_row().message, HasSubstr(std::string(*fault)));
    return;
  }
  ASSERT_EQ(only_row().code, "") << only_row().message;
  const auto answer = call("bare", "run", base::json::dump(*base::json::find(row, "input")));
  if (const auto code = base::json::find_string(row, "refused")) {
    EXPECT_EQ(answer.code(), *code);
    EXPECT_EQ(server.requests().size(), 0U) << "nothing may leave";
    return;
  }
  EXPECT_EQ(answer.code(), "ok") << answer.error->message();
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests().at(0).target, *base::json::find_string(row, "reaches"));
  EXPECT_FALSE(server.requests().at(0).has_header("injected"));
}

std::vector<const base::json::Value*> attack_rows() {
  std::vector<const base::json::Value*> out;
  for (const auto& row : testing::data_file("declarative_attacks.json").GetArray()) out.push_back(&row);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rows, DeclarativeAttack, ::testing::ValuesIn(attack_rows()),
                         [](const auto& row) { return testing::case_name(*row.param); });

}  // namespace
}  // namespace toolrack::sources::native
