// The plugin: names its skills, nothing else. What they do is in skills/, how GitHub is spoken to in api.hpp.
#include "skills/skills.hpp"

#include <toolrack/plugin.hpp>

namespace {

namespace tr = toolrack;

class Github final : public tr::Plugin {
 public:
  explicit Github(const tr::Host& host) : Plugin(host) {
    skill<&Github::get_repo>("get_repo");
    skill<&Github::get_file>("get_file");
    skill<&Github::list_files>("list_files");
    skill<&Github::commit_file>("commit_file");
    skill<&Github::create_branch>("create_branch");
    skill<&Github::create_pr>("create_pr");
    skill<&Github::list_prs>("list_prs");
    skill<&Github::get_pr>("get_pr");
    skill<&Github::list_commits>("list_commits");
    skill<&Github::list_workflow_runs>("list_workflow_runs");
    skill<&Github::get_workflow_logs>("get_workflow_logs");
  }

 private:
  tr::Task get_repo(tr::Call call) { return tr::github::get_repo(call); }
  tr::Task get_file(tr::Call call) { return tr::github::get_file(call); }
  tr::Task list_files(tr::Call call) { return tr::github::list_files(call); }
  tr::Task commit_file(tr::Call call) { return tr::github::commit_file(call); }
  tr::Task create_branch(tr::Call call) { return tr::github::create_branch(call); }
  tr::Task create_pr(tr::Call call) { return tr::github::create_pr(call); }
  tr::Task list_prs(tr::Call call) { return tr::github::list_prs(call); }
  tr::Task get_pr(tr::Call call) { return tr::github::get_pr(call); }
  tr::Task list_commits(tr::Call call) { return tr::github::list_commits(call); }
  tr::Task list_workflow_runs(tr::Call call) { return tr::github::list_workflow_runs(call); }
  tr::Task get_workflow_logs(tr::Call call) { return tr::github::get_workflow_logs(call); }
};

}  // namespace

TOOLRACK_PLUGIN(Github)
