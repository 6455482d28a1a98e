/// The skills of the tool, as coroutines; github.cpp registers them.
#pragma once

#include <toolrack/plugin.hpp>

namespace toolrack::github {

Task get_repo(Call call);
Task get_file(Call call);
Task list_files(Call call);
Task commit_file(Call call);
Task create_branch(Call call);
Task create_pr(Call call);
Task list_prs(Call call);
Task get_pr(Call call);
Task list_commits(Call call);
Task list_workflow_runs(Call call);
Task get_workflow_logs(Call call);

}  // namespace toolrack::github
