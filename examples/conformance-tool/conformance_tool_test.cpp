#include <toolrack/testing.hpp>
#include <toolrack/testing/base64.hpp>

#include <gtest/gtest.h>

#include "media.hpp"

using toolrack::testing::CallOptions;
using toolrack::testing::FakeHost;
using toolrack::testing::Outcome;

extern "C" const tr_entry* toolrack_entry_v1(void);  // From conformance_tool.cpp.

namespace {

class ConformanceToolTest : public ::testing::Test {
 protected:
  Outcome run(const char* skill, const char* input = "{}") { return host.run(skill, input); }
  /// The only text of an answer.
  std::string text(const Outcome& outcome) {
    EXPECT_TRUE(outcome.ok()) << outcome.message;
    EXPECT_EQ(outcome.parts.size(), 1u);
    return outcome.parts.empty() ? std::string() : outcome.parts[0].text;
  }
  Outcome read(const char* uri) { return host.run(uri, "{}", CallOptions().kind(TR_RESOURCE)); }
  Outcome prompt(const char* name, const char* arguments = "{}") {
    return host.run(name, arguments, CallOptions().kind(TR_PROMPT));
  }
  FakeHost host{toolrack_entry_v1()};
};

TEST_F(ConformanceToolTest, AnswersWithText) {
  EXPECT_EQ(text(run("test_simple_text")), "This is a simple text response for testing.");
}

TEST_F(ConformanceToolTest, AnswersWithAPicture) {
  const Outcome outcome = run("test_image_content");
  ASSERT_EQ(outcome.parts.size(), 1u);
  EXPECT_EQ(outcome.parts[0].type, std::uint32_t{TR_PART_IMAGE});
  EXPECT_EQ(outcome.parts[0].media_type, "image/png");
  EXPECT_EQ(outcome.parts[0].bytes, media::kImage);
  EXPECT_EQ(outcome.parts[0].bytes.substr(0, 8), "\x89PNG\r\n\x1a\n");
  EXPECT_EQ(toolrack::testing::to_base64(media::kImage), media::kImageBase64);
}

TEST_F(ConformanceToolTest, AnswersWithASound) {
  const Outcome outcome = run("test_audio_content");
  ASSERT_EQ(outcome.parts.size(), 1u);
  EXPECT_EQ(outcome.parts[0].type, std::uint32_t{TR_PART_AUDIO});
  EXPECT_EQ(outcome.parts[0].media_type, "audio/wav");
  EXPECT_EQ(toolrack::testing::to_base64(outcome.parts[0].bytes),
            "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==");
}

TEST_F(ConformanceToolTest, AnswersWithAResource) {
  const Outcome outcome = run("test_embedded_resource");
  ASSERT_EQ(outcome.parts.size(), 1u);
  EXPECT_EQ(outcome.parts[0].type, std::uint32_t{TR_PART_RESOURCE});
  EXPECT_EQ(outcome.parts[0].uri, "test://embedded-resource");
  EXPECT_EQ(outcome.parts[0].media_type, "text/plain");
  EXPECT_EQ(outcome.parts[0].text, "This is an embedded resource content.");
}

TEST_F(ConformanceToolTest, AnswersWithEverythingAtOnce) {
  const Outcome outcome = run("test_multiple_content_types");
  ASSERT_EQ(outcome.parts.size(), 3u);
  EXPECT_EQ(outcome.parts[0].text, "Multiple content types test:");
  EXPECT_EQ(outcome.parts[1].type, std::uint32_t{TR_PART_IMAGE});
  EXPECT_EQ(outcome.parts[2].uri, "test://mixed-content-resource");
  EXPECT_EQ(outcome.parts[2].media_type, "application/json");
  EXPECT_EQ(outcome.parts[2].text, R"({"test":"data","value":123})");
}

TEST_F(ConformanceToolTest, FailsWhenItIsToldTo) {
  const Outcome outcome = run("test_error_handling");
  EXPECT_EQ(outcome.status, TR_TOOL_ERROR);
  EXPECT_EQ(outcome.message, "This tool intentionally returns an error for testing");
}

TEST_F(ConformanceToolTest, TellsItsProgress) {
  const Outcome outcome = run("test_tool_with_progress");
  ASSERT_EQ(outcome.progress.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(outcome.progress[i].done, 50 * i);
    EXPECT_EQ(outcome.progress[i].total, 100);
  }
}

TEST_F(ConformanceToolTest, WritesItsLog) {
  run("test_tool_with_logging");
  run("test_logging_tool");
  ASSERT_EQ(host.logs().size(), 4u);
  EXPECT_EQ(host.logs()[0].text, "Tool execution started");
  EXPECT_EQ(host.logs()[1].text, "Tool processing data");
  EXPECT_EQ(host.logs()[2].text, "Tool execution completed");
  EXPECT_EQ(host.logs()[0].level, TR_LOG_INFO);
}

TEST_F(ConformanceToolTest, SaysThatListsHaveChanged) {
  run("test_trigger_tool_change");
  run("test_trigger_prompt_change");
  EXPECT_EQ(host.changed_lists(), (std::vector<std::uint32_t>{TR_LIST_SKILLS, TR_LIST_PROMPTS}));
}

TEST_F(ConformanceToolTest, AsksTheModel) {
  host.answer("sample", R"({"role":"assistant","model":"m","content":{"type":"text","text":"Paris"}})");
  const Outcome outcome = run("test_sampling", R"({"prompt":"A \"capital\"?"})");
  EXPECT_EQ(text(outcome), "LLM response: Paris");
  ASSERT_EQ(outcome.questions.size(), 1u);
  EXPECT_EQ(outcome.questions[0].params_json,
            R"({"messages":[{"role":"user","content":{"type":"text","text":"A \"capital\"?"}}],"maxTokens":100})");
}

TEST_F(ConformanceToolTest, AsksThePersonAndTakesNoForAnAnswer) {
  host.answer("user", R"({"username":"ada","email":"ada@example.com"})");
  const Outcome outcome = run("test_elicitation", R"({"message":"Who?"})");
  EXPECT_EQ(text(outcome), R"(User response: action=accept, content={"username":"ada","email":"ada@example.com"})");
  EXPECT_EQ(outcome.questions.at(0).message, "Who?");
  host.decline("user");
  EXPECT_EQ(text(run("test_elicitation", R"({"message":"Who?"})")), "User response: action=decline, content={}");
  host.dismiss("user");
  EXPECT_EQ(text(run("test_elicitation", R"({"message":"Who?"})")), "User response: action=cancel, content={}");
}

TEST_F(ConformanceToolTest, AsksWithDefaultsAndChoices) {
  host.answer("defaults", R"({"age":30})");
  const Outcome defaults = run("test_elicitation_sep1034_defaults");
  EXPECT_EQ(text(defaults), R"(Elicitation completed: action=accept, content={"age":30})");
  for (const char* one : {R"("default":"John Doe")", R"("default":30)", R"("default":95.5)", R"("default":"active")",
                          R"("default":true)"})
    EXPECT_NE(defaults.questions.at(0).params_json.find(one), std::string::npos) << one;
  host.answer("enums", "{}");
  const Outcome enums = run("test_elicitation_sep1330_enums");
  EXPECT_EQ(text(enums), "Elicitation completed: action=accept, content={}");
  for (const char* one : {R"("untitledSingle")", R"("oneOf")", R"("enumNames")", R"("untitledMulti")", R"("anyOf")"})
    EXPECT_NE(enums.questions.at(0).params_json.find(one), std::string::npos) << one;
}

TEST_F(ConformanceToolTest, RunsAgainWhenTheAnswerIsThere) {
  EXPECT_EQ(run("test_input_required_result_elicitation").status, TR_SUSPENDED);
  host.answer("user_name", R"({"name":"Ada"})");
  const Outcome outcome = run("test_input_required_result_elicitation");
  EXPECT_EQ(text(outcome), "Hello, Ada!");
  EXPECT_EQ(outcome.runs, 2);
  EXPECT_EQ(text(run("test_streaming_elicitation")), "Hello, Ada!");
}

TEST_F(ConformanceToolTest, AsksThreeAtOnce) {
  host.answer("user_name", R"({"name":"Ada"})");
  host.answer("greeting", R"({"content":{"type":"text","text":"Good day"}})");
  host.answer("client_roots", R"({"roots":[]})");
  const Outcome outcome = run("test_input_required_result_multiple_inputs");
  EXPECT_EQ(text(outcome), R"(Good day, Ada; roots: {"roots":[]})");
  EXPECT_EQ(outcome.runs, 2) << "all three in one round";
}

TEST_F(ConformanceToolTest, AsksOneAfterAnother) {
  host.answer("step1", R"({"name":"Ada"})");
  host.answer("step2", R"({"color":"blue"})");
  const Outcome outcome = run("test_input_required_result_multi_round");
  EXPECT_EQ(text(outcome), "Ada likes blue.");
  EXPECT_EQ(outcome.runs, 3);
}

TEST_F(ConformanceToolTest, AsksForRootsStateAndConfirmation) {
  host.answer("capital_question", R"({"content":[{"type":"text","text":"Paris"}]})");
  host.answer("client_roots", R"({"roots":[{"uri":"file:///a"}]})");
  host.answer("confirm", R"({"ok":true})");
  EXPECT_EQ(text(run("test_input_required_result_sampling")), "The model says: Paris");
  EXPECT_EQ(text(run("test_input_required_result_list_roots")),
            R"(The client's roots: {"roots":[{"uri":"file:///a"}]})");
  EXPECT_EQ(text(run("test_input_required_result_request_state")), "state-ok, confirmed: true");
  EXPECT_EQ(text(run("test_input_required_result_tampered_state")), "Nobody touched the state.");
}

TEST_F(ConformanceToolTest, AsksOnlyWhoCanAnswer) {
  host.answer("capital_question", R"({"content":{"type":"text","text":"Paris"}})");
  const Outcome outcome =
      host.run("test_input_required_result_capabilities", "{}", CallOptions().flags(TR_CALL_SAMPLE));
  EXPECT_EQ(text(outcome), "Asked: the model (Paris)");
  EXPECT_EQ(outcome.questions.size(), 1u);
  EXPECT_EQ(host.run("test_missing_capability", "{}", CallOptions().flags(0)).status, TR_UNIMPLEMENTED);
}

TEST_F(ConformanceToolTest, GreetsAndComputes) {
  EXPECT_EQ(text(run("greet", R"({"name":"Ada"})")), "Hello, Ada!");
  EXPECT_EQ(text(run("slow_compute", R"({"seconds":0})")), "Computed for 0 seconds.");
  EXPECT_EQ(text(run("slow_compute", R"({"seconds":0.5,"label":"x"})")), "Computed for 0.5 seconds.");
}

TEST_F(ConformanceToolTest, FailsAndBreaksAsJobs) {
  const Outcome failed = run("failing_job");
  EXPECT_EQ(failed.status, TR_TOOL_ERROR);
  EXPECT_EQ(failed.message, "This job intentionally fails for testing");
  const Outcome broken = run("protocol_error_job");
  EXPECT_EQ(broken.status, TR_INTERNAL);
  EXPECT_EQ(broken.message, "This job intentionally breaks for testing");
}

TEST_F(ConformanceToolTest, AsksBeforeItDeletes) {
  const char* const input = R"({"filename":"a.txt"})";
  host.answer("confirm", R"({"confirm":true})");
  const Outcome outcome = run("confirm_delete", input);
  EXPECT_EQ(text(outcome), "Deleted a.txt.");
  EXPECT_EQ(outcome.questions.at(0).message, "Delete a.txt?");
  host.answer("confirm", R"({"confirm":false})");
  EXPECT_EQ(text(run("confirm_delete", input)), "Kept a.txt.");
  host.decline("confirm");
  EXPECT_EQ(text(run("confirm_delete", input)), "Kept a.txt.");
}

TEST_F(ConformanceToolTest, AsksForTwoNamesAtOnce) {
  host.answer("first", R"({"name":"Ada"})");
  host.answer("second", R"({"name":"Grace"})");
  const Outcome outcome = run("multi_input");
  EXPECT_EQ(text(outcome), "Ada and Grace");
  EXPECT_EQ(outcome.runs, 2) << "both in one round";
}

TEST_F(ConformanceToolTest, AsksForANameThenWorks) {
  host.answer("user_name", R"({"name":"Ada"})");
  EXPECT_EQ(text(run("test_tool_with_task")), "Hello from a task, Ada!");
}

TEST_F(ConformanceToolTest, ReadsItsResources) {
  EXPECT_EQ(read("test://static-text").parts.at(0).text, "This is the content of the static text resource.");
  EXPECT_EQ(read("test://static-binary").parts.at(0).bytes, media::kImage);
  EXPECT_EQ(read("test://watched-resource").parts.at(0).media_type, "text/plain");
  const Outcome made = read("test://template/123/data");
  EXPECT_EQ(made.parts.at(0).uri, "test://template/123/data");
  EXPECT_EQ(made.parts.at(0).media_type, "application/json");
  EXPECT_EQ(made.parts.at(0).text, R"({"id":"123","templateTest":true,"data":"Data for ID: 123"})");
  EXPECT_EQ(read("test://nonexistent-resource-for-conformance-testing").status, TR_NOT_FOUND);
  EXPECT_TRUE(host.run("test://watched-resource", "{}", CallOptions().kind(TR_SUBSCRIBE)).ok());
}

TEST_F(ConformanceToolTest, MakesItsPrompts) {
  EXPECT_EQ(
      prompt("test_simple_prompt").output,
      R"({"messages":[{"role":"user","content":{"type":"text","text":"This is a simple prompt for testing."}}]})");
  EXPECT_EQ(
      prompt("test_prompt_with_arguments", R"({"arg1":"hello","arg2":"world"})").output,
      R"({"messages":[{"role":"user","content":{"type":"text","text":"Prompt with arguments: arg1='hello', arg2='world'"}}]})");
  EXPECT_EQ(prompt("test_prompt_with_embedded_resource", R"({"resourceUri":"test://x"})").output,
            R"({"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"test://x",)"
            R"("mimeType":"text/plain","text":"Embedded resource content for testing."}}},)"
            R"({"role":"user","content":{"type":"text","text":"Please process the embedded resource above."}}]})");
  EXPECT_EQ(prompt("test_prompt_with_image").output,
            R"({"messages":[{"role":"user","content":{"type":"image","data":")" + std::string(media::kImageBase64) +
                R"(","mimeType":"image/png"}},)"
                R"({"role":"user","content":{"type":"text","text":"Please analyze the image above."}}]})");
  host.answer("user_context", R"({"context":"tests"})");
  EXPECT_EQ(prompt("test_input_required_result_prompt").output,
            R"({"messages":[{"role":"user","content":{"type":"text","text":"It is about: tests"}}]})");
  EXPECT_EQ(prompt("no_such_prompt").status, TR_NOT_FOUND);
}

TEST_F(ConformanceToolTest, CompletesArguments) {
  const auto complete = [&](const std::string& typed) {
    return host
        .run("test_prompt_with_arguments",
             R"({"ref":{"type":"ref/prompt","name":"test_prompt_with_arguments"},"argument":{"name":"arg1","value":")" +
                 typed + R"("}})",
             CallOptions().kind(TR_COMPLETION))
        .output;
  };
  EXPECT_EQ(complete("test"), R"({"values":["test value 1","test value 2"],"hasMore":false})");
  EXPECT_EQ(complete("par"), R"({"values":["paris","park","party"],"hasMore":false})");
  EXPECT_EQ(complete("zebra"), R"({"values":[],"hasMore":false})");
}

TEST_F(ConformanceToolTest, TakesWhatItsSchemasLetThrough) {
  EXPECT_EQ(text(run("json_schema_2020_12_tool", R"({"email":"a@b.c"})")), R"(Valid: {"email":"a@b.c"})");
  EXPECT_EQ(text(run("test_x_mcp_header", R"({"region":"eu"})")), R"(Called with {"region":"eu"})");
  EXPECT_EQ(text(run("test_reconnection")), "The answer came over another connection, if the first one was cut.");
}

}  // namespace
