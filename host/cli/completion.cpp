#include "cli/completion.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

namespace toolrack::cli {
namespace {

struct Entry {
  std::string path;   ///< "keys create".
  std::string words;  ///< What may follow, separated by blanks.
};

void collect(const CLI::App& app, const std::string& path, std::vector<Entry>& entries) {
  Entry entry{.path = path, .words = {}};
  for (const auto* child : app.get_subcommands([](const CLI::App*) { return true; })) {
    entry.words += child->get_name() + " ";
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), entries);
  }
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) entry.words += "--" + name + " ";
  entries.push_back(std::move(entry));
}

std::string bash(const std::vector<Entry>& entries) {
  std::string cases;
  for (const auto& entry : entries) cases += fmt::format("    '{}') words='{}' ;;\n", entry.path, entry.words);
  return fmt::format(R"(# bash completion for toolrack: toolrack completion bash > /etc/bash_completion.d/toolrack
_toolrack() {{
  local path='' words='' word i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    word=${{COMP_WORDS[i]}}
    [[ $word == -* ]] && break
    case "$path $word" in ' keys'|' completion'|' reference') path=$word ;; *) [[ $path == *' '* ]] || path="${{path:+$path }}$word" ;; esac
  done
  case "$path" in
{}    *) words='' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _toolrack toolrack
)",
                     cases);
}

std::string fish(const std::vector<Entry>& entries) {
  std::string out =
      "# fish completion for toolrack: toolrack completion fish > ~/.config/fish/completions/toolrack.fish\n";
  for (const auto& entry : entries) {
    const auto condition = entry.path.empty() ? std::string("__fish_use_subcommand")
                                              : fmt::format("__fish_seen_subcommand_from {}",
                                                            entry.path.substr(entry.path.rfind(' ') + 1));
    std::string_view words = entry.words;
    while (!words.empty()) {
      const auto end = std::min(words.find(' '), words.size());
      const auto word = words.substr(0, end);
      if (word.starts_with("--"))
        out += fmt::format("complete -c toolrack -n '{}' -l {}\n", condition, word.substr(2));
      else if (!word.empty())
        out += fmt::format("complete -c toolrack -f -n '{}' -a {}\n", condition, word);
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }
  return out;
}

}  // namespace

std::string completion_script(const CLI::App& program, std::string_view shell) {
  std::vector<Entry> entries;
  collect(program, "", entries);
  if (shell == "bash") return bash(entries);
  if (shell == "zsh") return "#compdef toolrack\nautoload -U +X bashcompinit && bashcompinit\n" + bash(entries);
  if (shell == "fish") return fish(entries);
  return {};
}

}  // namespace toolrack::cli
