#include "cli/program.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error_json.hpp"
#include "base/json.hpp"
#include "cli/answered_call.hpp"
#include "cli/call_verb.hpp"
#include "cli/console.hpp"
#include "cli/exit_code.hpp"
#include "cli/follow_log.hpp"
#include "cli/local_commands.hpp"
#include "cli/operation_verb.hpp"
#include "cli/present.hpp"
#include "cli/recorded_run.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;

/// The words behind the program's name, the last one first, as the parser wants them. It would take the next word for
/// the value of an option that is given an empty one ("--tools="), so that one is two words here. Behind `call` all is
/// left as it is: options may be the skill's.
std::vector<std::string> words_of(int argc, const char* const* argv) {
  std::vector<std::string> out;
  bool is_call = false;
  for (int i = 1; i < argc; ++i) {
    std::string word = argv[i];
    is_call = is_call || word == "call";
    const bool has_empty_value = !is_call && word.starts_with("--") && word.find('=') == word.size() - 1;
    if (has_empty_value) word.pop_back();
    out.push_back(std::move(word));
    if (has_empty_value) out.emplace_back();
  }
  std::ranges::reverse(out);
  return out;
}

/// One run of the program: the commands, what was given to them, and which one to do.
class Run {
 public:
  Run(const operations::Table& table, Backstage& backstage, const Output& output)
      : table_(table), backstage_(backstage), output_(output), console_(output) {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help for every command");
    app_.set_version_flag("--version", backstage_.version(), "Print the version");
    app_.add_option("--format", console_.format, "text for people, json for programs")
        ->check(CLI::IsMember({"text", "json"}));
    app_.add_option("--config", target_.config, "Configuration file (JSON with comments)")->type_name("FILE");
    app_.add_option("--data", target_.data, "Data directory, ~/.toolrack unless told")->type_name("DIR");
    app_.add_option("--plugins", target_.plugins, "Directories with plugins, beside the bundled ones")
        ->type_name("DIR");
    app_.add_option("--url", target_.url, "A remote gateway instead of the local one")->type_name("URL");
    app_.add_option("--key", target_.key, "API key for a remote gateway")->type_name("KEY");
    add_gateway_commands();
    for (const auto& entry : table_.entries()) add_operation(entry.operation);
    local_.add_to(app_, command_);
    app_.fallthrough();
    for (auto* command : app_.get_subcommands({}))
      if (command->get_name() != "call") command->fallthrough();  // What `call` does not know is the skill's.
  }

  int go(int argc, const char* const* argv) {
    try {
      app_.parse(words_of(argc, argv));
    } catch (const CLI::CallForHelp&) {
      output_.write(app_.help());
      return kOk;
    } catch (const CLI::CallForVersion& version) {
      output_.write(fmt::format("{}\n", version.what()));
      return kOk;
    } catch (const CLI::CallForAllHelp&) {
      output_.write(app_.help("", CLI::AppFormatMode::All));
      return kOk;
    } catch (const CLI::ParseError& error) {
      output_.complain(fmt::format("toolrack: {}\n  See toolrack --help.\n", error.what()));
      return kUsage;
    }
    return command_();
  }

 private:
  CLI::App* command(std::string_view name, std::string_view help, CLI::App* parent = nullptr) {
    return (parent == nullptr ? &app_ : parent)->add_subcommand(std::string(name), std::string(help));
  }

  void add_gateway_commands() {
    auto* serve = command("serve", "Run the gateway");
    serve->add_option("--listen", serve_.listen, "ADDRESS:PORT, 127.0.0.1:3141 unless told")->type_name("ADDRESS:PORT");
    serve->add_option("--metrics-listen", serve_.metrics_listen, "ADDRESS:PORT of /metrics; empty switches it off")
        ->type_name("ADDRESS:PORT");
    serve->add_option("--threads", serve_.threads, "Event loops; one per core unless told")->check(CLI::Range(1, 256));
    serve->add_option("--mode", serve_.mode, "local or hosted")->check(CLI::IsMember({"local", "hosted"}));
    serve->add_flag("--check", serve_.checks_only, "Say whether the configuration would do, and end");
    serve->callback([this] {
      command_ = [this] {
        serve_.target = target_;
        return backstage_.serve(serve_);
      };
    });
    auto* dev = command("dev", "Serve the tool of a folder while it is written: build, reload and log as it changes");
    dev->add_option("folder", dev_.folder, "The tool's folder, this one unless told")->type_name("DIR");
    dev->add_option("--listen", dev_.listen, "ADDRESS:PORT, 127.0.0.1:3141 unless told")->type_name("ADDRESS:PORT");
    dev->add_option("--preset", dev_.preset, "Of its CMakePresets.json; default unless told")->type_name("NAME");
    dev->callback([this] {
      command_ = [this] {
        dev_.target = target_;
        return backstage_.dev(dev_);
      };
    });
    auto* stdio = command("stdio", "Speak MCP on standard input and output");
    stdio->add_option("--expose", stdio_.expose, "flat: every skill under its own name; meta: the meta-tools")
        ->check(CLI::IsMember({"flat", "meta"}));
    stdio->add_option("--tools", stdio_.tools, "Only these tools")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("TOOL,...");
    stdio->callback([this] {
      command_ = [this] {
        stdio_.target = target_;
        return backstage_.stdio(stdio_);
      };
    });
  }

  /// `words` is "keys create": the group is made when its first member comes, or is a verb itself ("plugins").
  CLI::App* operation_command(std::string_view words, std::string_view help) {
    const auto blank = words.find(' ');
    if (blank == std::string_view::npos) return groups_[std::string(words)] = command(words, help);
    const auto group = std::string(words.substr(0, blank));
    auto& parent = groups_[group];
    if (parent == nullptr) {
      parent = command(group, group == "keys"   ? "Make, list and revoke API keys"
                              : group == "jobs" ? "Look at, cancel and list calls that go on by themselves"
                                                : group);
      parent->require_subcommand(1);
    }
    return command(words.substr(blank + 1), help, parent);
  }

  void add_operation(const operations::Operation& operation) {
    if (operation.cli.empty()) return;
    auto* verb = operation_command(operation.cli, operation.description);
    if (operation.kind == operations::Kind::kCall) return add_call(*verb);
    verb->fallthrough();
    auto& input = verb_inputs_[std::string(operation.name)];
    add_options(*verb, operation, input);
    if (operation.name == "read_log") {
      verb->add_flag("-f,--follow", follows_, "Go on as the log grows");
      verb->callback(
          [this, &operation, &input] { command_ = [this, &operation, &input] { return logs(operation, input); }; });
      return;
    }
    verb->callback([this, &operation, &input, verb] {
      if (!verb->get_subcommands().empty()) return;  // That one is meant.
      command_ = [this, &operation, &input] {
        const auto call = to_http(operation, input);
        if (!call) return console_.complain(call.error());
        return ask(operation.name, *call);
      };
    });
  }

  void add_call(CLI::App& verb) {
    auto* tool = verb.add_option("tool", call_.tool, "The tool, or the flat name of a skill");
    verb.add_option("--input", call_.input, "The whole input: JSON, @FILE, or - for standard input")
        ->type_name("JSON|@FILE|-");
    verb.add_flag("--dry-run", call_.dry_run, "Explain what would happen instead");
    verb.add_flag("--confirm", call_.confirm, "The person agreed to a skill that acts in the real world");
    auto* async = verb.add_flag("--async", call_.async,
                                "Print a job's id at once; `toolrack jobs show ID --wait 30` tells the rest");
    verb.add_option("--webhook", call_.webhook, "Tell this URL when the job has ended")->type_name("URL")->needs(async);
    verb.add_option("--backend", call_.backend,
                    "Only these backends, in this order; or as the call's member \"backend\" says it")
        ->type_name("NAME,...|JSON");
    verb.add_option("--cache", call_.cache, "Whether a kept answer will do, a new one replaces it, or none is kept")
        ->check(CLI::IsMember({"on", "refresh", "off"}));
    verb.add_option("--max-price", call_.max_price, "Refuse when the call may cost more dollars than this");
    verb.add_option("--timeout-ms", call_.timeout_ms, "Give up after this time")->check(CLI::PositiveNumber);
    verb.add_option("--answers", call_.answers, "What to answer when the skill asks, by key")
        ->type_name("JSON|@FILE|-");
    verb.add_option("--resume", call_.resume, "Go on with the call that was suspended with this state")
        ->type_name("STATE");
    auto* record = verb.add_option("--record", call_.record, "Write what the call asks and is told to this file")
                       ->type_name("FILE");
    verb.add_option("--replay", call_.replay,
                    "Run the call of this file again, without network; a tool and an input take the place of its own")
        ->type_name("FILE")
        ->excludes(record);
    verb.allow_extras();
    verb.footer(
        "The skill's name follows the tool's; it is not needed for a flat name or a tool with one skill. Everything "
        "else, as --key value, is the skill's input: toolrack call seo analyze_page --url https://example.com");
    verb.callback([this, &verb, tool] {
      if (tool->empty() && call_.replay.empty()) throw CLI::RequiredError("tool");
      call_.rest = verb.remaining();
      // Not a positional: the value of an option that only the skill knows would be taken for it.
      if (!call_.rest.empty() && !call_.rest.front().starts_with('-')) {
        call_.skill = std::move(call_.rest.front());
        call_.rest.erase(call_.rest.begin());
      }
      command_ = [this] { return call(); };
    });
  }

  int call() {
    if (!call_.record.empty() || !call_.replay.empty()) {
      RecordedRun recorded(backstage_, target_, call_);
      const auto reply = recorded.go();
      const auto status = console_.show("use_tool", reply);
      if (!recorded.finding()) return status;
      // Not beside the reply: there the output is the call's.
      if (const auto parsed = json::parse(base::error_json(*recorded.finding())))
        output_.complain(present_error(*parsed));
      return kFailure;
    }
    auto api = backstage_.connect(target_);
    if (!api) return console_.complain(api.error());
    const auto body = call_body(call_, **api);
    if (!body) return console_.complain(body.error());
    return console_.show("use_tool", answered_call(call_, *body, **api));
  }

  int ask(std::string_view operation, const HttpCall& call) {
    auto api = backstage_.connect(target_);
    if (!api) return console_.complain(api.error());
    return console_.show(operation, (*api)->request(call.method, call.path, call.body));
  }

  int logs(const operations::Operation& operation, const VerbInput& input) {
    auto api = backstage_.connect_running(target_);
    if (!api) return console_.complain(api.error());
    int status = kOk;
    const auto followed = follow_log(operation, input, **api, follows_, [&](const json::Value& answer) {
      status = console_.show_answer(operation.name, answer);
      std::fflush(stdout);
    });
    return followed ? status : console_.complain(followed.error());
  }

  const operations::Table& table_;
  Backstage& backstage_;
  const Output& output_;
  Console console_;
  CLI::App app_{"A rack for AI tools: gateway, command line and MCP server in one program.", "toolrack"};
  Target target_;
  ServeOptions serve_;
  DevOptions dev_;
  StdioOptions stdio_;
  CallOptions call_;
  LocalCommands local_{table_, backstage_, console_, target_};
  bool follows_ = false;
  std::map<std::string, CLI::App*> groups_;
  std::map<std::string, VerbInput> verb_inputs_;
  std::function<int()> command_;
};

}  // namespace

int run(int argc, const char* const* argv, const operations::Table& table, Backstage& backstage, const Output& output) {
  return Run(table, backstage, output).go(argc, argv);
}

}  // namespace toolrack::cli
