#include "cli/program.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <functional>
#include <map>

#include "base/error_json.hpp"
#include "base/json.hpp"
#include "cli/answered_call.hpp"
#include "cli/call_verb.hpp"
#include "cli/completion.hpp"
#include "cli/exit_code.hpp"
#include "cli/follow_log.hpp"
#include "cli/new_tool.hpp"
#include "cli/operation_verb.hpp"
#include "cli/present.hpp"
#include "cli/recorded_run.hpp"
#include "cli/text_argument.hpp"
#include "lint/lint.hpp"
#include "operations/openapi.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;

/// One run of the program: the commands, what was given to them, and which one to do.
class Run {
 public:
  Run(const operations::Table& table, Backstage& backstage, const Output& output)
      : table_(table), backstage_(backstage), output_(output) {
    app_.require_subcommand(1);
    app_.set_help_all_flag("--help-all", "Help for every command");
    app_.set_version_flag("--version", backstage_.version(), "Print the version");
    app_.add_option("--format", format_, "text for people, json for programs")->check(CLI::IsMember({"text", "json"}));
    app_.add_option("--config", target_.config, "Configuration file (JSON with comments)")->type_name("FILE");
    app_.add_option("--data", target_.data, "Data directory, ~/.toolrack unless told")->type_name("DIR");
    app_.add_option("--plugins", target_.plugins, "Directories with plugins, beside the bundled ones")
        ->type_name("DIR");
    app_.add_option("--url", target_.url, "A remote gateway instead of the local one")->type_name("URL");
    app_.add_option("--key", target_.key, "API key for a remote gateway")->type_name("KEY");
    add_gateway_commands();
    for (const auto& entry : table_.entries()) add_operation(entry.operation);
    add_file_commands();
    app_.fallthrough();
    for (auto* command : app_.get_subcommands({}))
      if (command->get_name() != "call") command->fallthrough();  // What `call` does not know is the skill's.
  }

  int go(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
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
        if (!call) return complain(call.error());
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

  void add_file_commands() {
    auto* validate = command("validate", "Check a manifest (.json) or a plugin (.so)");
    validate->add_option("file", file_, "What to check")->required();
    validate->callback([this] { command_ = [this] { return report(backstage_.validate(file_)); }; });
    auto* keygen = command("keygen", "Make a key to sign plugins with");
    keygen->add_option("file", file_, "Where the key goes; the public one goes to FILE.pub")
        ->required()
        ->type_name("FILE");
    keygen->callback([this] { command_ = [this] { return report(backstage_.keygen(file_)); }; });
    auto* sign = command("sign", "Sign plugins, so that racks that trust the key serve them");
    sign->add_option("--key", file_, "The file that `toolrack keygen` made")->required()->type_name("FILE");
    sign->add_option("plugin", plugins_, "Files (.so, .tool.json); the signature goes to FILE.sig")->required();
    sign->callback([this] { command_ = [this] { return report(backstage_.sign(file_, plugins_)); }; });
    add_lint();
    auto* make = command("new", "Start a tool of your own: a project that builds and passes its tests");
    make->add_option("name", new_tool_.name, "The tool's name: my-tool")->required();
    make->add_option("--lang", new_tool_.language, "What it is written in")->check(CLI::IsMember(new_tool_languages()));
    make->add_option("--owner", new_tool_.owner, "Who publishes it")->type_name("NAME");
    make->add_option("--folder", new_tool_.folder, "Where to; the tool's name unless told")->type_name("DIR");
    make->callback([this] { command_ = [this] { return start_tool(); }; });
    command("doctor", "Say what is wrong with this machine's set-up, and what to do")->callback([this] {
      command_ = [this] { return doctor(); };
    });
    command("version", "Print the version")->callback([this] {
      command_ = [this] {
        output_.write(backstage_.version() + "\n");
        return int{kOk};
      };
    });
    auto* completion = command("completion", "Print a completion script for bash, zsh or fish");
    completion->add_option("shell", file_, "Which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    completion->callback([this] {
      command_ = [this] {
        output_.write(completion_script(app_, file_));
        return int{kOk};
      };
    });
    auto* reference = command("reference", "Print docs/api.md or docs/errors.md");
    reference->add_option("page", file_, "Which page")->required()->check(CLI::IsMember({"api", "errors"}));
    reference->callback([this] {
      command_ = [this] {
        output_.write(file_ == "api" ? operations::api_markdown(table_) : operations::errors_markdown());
        return int{kOk};
      };
    });
  }

  void add_lint() {
    auto* lint = command("lint", "Try a plugin (.so) or manifest (.json) of your own as hard as a gateway never will");
    lint->add_option("file", lint_.file, "What to try")->required();
    lint->add_option("--against", lint_.against, "An older version: what do its callers lose?")->type_name("FILE");
    lint->add_option("--only", lint_.only, "Only these checks")->delimiter(',')->type_name("CHECK,...");
    lint->add_option("--runs", lint_.runs, "Calls of each skill")->check(CLI::Range(1, 1'000'000));
    lint->add_option("--reproduce", lint_.reproduce, "Only the run of this seed, as a finding names it")
        ->type_name("SEED");
    lint->add_option("--settings", settings_, "The operator's settings of the tool: JSON, @FILE, or -")
        ->type_name("JSON|@FILE|-");
    lint->add_flag("--in-process", lint_.in_process, "No process for each check: for debuggers");
    lint->add_flag_callback(
        "--json", [this] { format_ = "json"; }, "The same as --format json");
    lint->callback([this] { command_ = [this] { return this->lint(); }; });
  }

  int lint() {
    if (!settings_.empty()) {
      auto text = text_argument(settings_);
      if (!text) return complain(text.error());
      lint_.settings_json = *std::move(text);
    }
    const auto report = lint::run(lint_);
    if (!report) return complain(report.error());
    output_.write(format_ == "json" ? to_json(*report) + "\n" : to_text(*report));
    return report->has_errors() ? kInvalid : kOk;
  }

  int call() {
    if (!call_.record.empty() || !call_.replay.empty()) {
      RecordedRun recorded(backstage_, target_, call_);
      const auto reply = recorded.go();
      const auto status = show("use_tool", reply);
      if (!recorded.finding()) return status;
      // Not beside the reply: there the output is the call's.
      if (const auto parsed = json::parse(base::error_json(*recorded.finding())))
        output_.complain(present_error(*parsed));
      return kFailure;
    }
    auto api = backstage_.connect(target_);
    if (!api) return complain(api.error());
    const auto body = call_body(call_, **api);
    if (!body) return complain(body.error());
    return show("use_tool", answered_call(call_, *body, **api));
  }

  int ask(std::string_view operation, const HttpCall& call) {
    auto api = backstage_.connect(target_);
    if (!api) return complain(api.error());
    return show(operation, (*api)->request(call.method, call.path, call.body));
  }

  int logs(const operations::Operation& operation, const VerbInput& input) {
    auto api = backstage_.connect_running(target_);
    if (!api) return complain(api.error());
    int status = kOk;
    const auto followed = follow_log(operation, input, **api, follows_, [&](const json::Value& answer) {
      status = show_answer(operation.name, answer);
      std::fflush(stdout);
    });
    return followed ? status : complain(followed.error());
  }

  int show(std::string_view operation, const base::Result<ApiReply>& reply) {
    if (!reply) return complain(reply.error());
    const auto answer = json::parse(reply->body, {.max_bytes = 256 << 20, .max_values = 10'000'000});
    if (!answer)
      return complain(
          base::Error(base::ErrorCode::kInternal, fmt::format("the gateway answered {} with no JSON", reply->status)));
    return show_answer(operation, *answer);
  }

  int show_answer(std::string_view operation, const json::Value& answer) {
    const auto* error = json::find(answer, "error");
    if (error != nullptr && !error->IsObject()) error = nullptr;  // Of a job that failed: what was asked for.
    if (format_ == "json")
      output_.write(json::dump_pretty(answer) + "\n");
    else if (error == nullptr)
      output_.write(present(operation, answer));
    if (operation == "use_tool" && json::find_string(answer, "status") == "input_required") return kInvalid;
    if (error == nullptr) return kOk;
    if (format_ != "json") output_.complain(present_error(*error));
    return exit_code(json::find_string(*error, "type").value_or("internal"));
  }

  int report(const base::Result<std::string>& done) {
    if (!done) return complain(done.error());
    output_.write(*done);
    return kOk;
  }

  int start_tool() {
    const auto files = make_new_tool(new_tool_);
    if (!files) return complain(files.error());
    const auto folder = new_tool_.folder.empty() ? new_tool_.name : new_tool_.folder.string();
    if (format_ == "json") {
      json::Buffer buffer;
      json::Writer writer(buffer);
      writer.StartObject();
      json::key(writer, "folder");
      json::put(writer, folder);
      json::key(writer, "files");
      writer.StartArray();
      for (const auto& file : *files) json::put(writer, file);
      writer.EndArray();
      writer.EndObject();
      output_.write(fmt::format("{}\n", json::view(buffer)));
      return kOk;
    }
    for (const auto& file : *files) output_.write(fmt::format("{}/{}\n", folder, file));
    output_.write(fmt::format("\n{}/README.md says how to build, test and serve it.\n", folder));
    return kOk;
  }

  int doctor() {
    const auto report = json::parse(backstage_.doctor(target_));
    output_.write(format_ == "json" ? json::dump_pretty(*report) + "\n" : present("doctor", *report));
    for (const auto& check : json::find(*report, "checks")->GetArray())
      if (json::find_string(check, "status") == "error") return kFailure;
    return kOk;
  }

  int complain(const base::Error& error) {
    if (format_ == "json") {
      output_.write(fmt::format("{{\"error\":{}}}\n", base::error_json(error)));
    } else if (const auto parsed = json::parse(base::error_json(error))) {
      output_.complain(present_error(*parsed));
    }
    return error.code() == base::ErrorCode::kUnavailable ? int{kUnreachable} : exit_code(error.type());
  }

  const operations::Table& table_;
  Backstage& backstage_;
  const Output& output_;
  CLI::App app_{"A rack for AI tools: gateway, command line and MCP server in one program.", "toolrack"};
  std::string format_ = "text";
  Target target_;
  ServeOptions serve_;
  DevOptions dev_;
  StdioOptions stdio_;
  CallOptions call_;
  NewTool new_tool_;
  bool follows_ = false;
  lint::Options lint_;
  std::string settings_;
  std::map<std::string, CLI::App*> groups_;
  std::map<std::string, VerbInput> verb_inputs_;
  std::string file_;
  std::vector<std::string> plugins_;
  std::function<int()> command_;
};

}  // namespace

void Output::write(std::string_view text) const {
  if (out != nullptr)
    out->append(text);
  else
    std::fwrite(text.data(), 1, text.size(), stdout);
}

void Output::complain(std::string_view text) const {
  if (err != nullptr)
    err->append(text);
  else
    std::fwrite(text.data(), 1, text.size(), stderr);
}

int run(int argc, const char* const* argv, const operations::Table& table, Backstage& backstage, const Output& output) {
  return Run(table, backstage, output).go(argc, argv);
}

}  // namespace toolrack::cli
