// The part of `lockstep` that the local backend starts: `plan_runner run --plan FILE`.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "launcher/supervisor.h"
#include "runtime/base/exit_code.h"

int main(int argc, char** argv) {
  using namespace lockstep;
  if (argc != 4 || std::string(argv[1]) != "run" || std::string(argv[2]) != "--plan")
    return kExitUsage;
  std::ifstream file(argv[3]);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const Result<LaunchPlan> plan = DecodeLaunchPlan(text, argv[3]);
  if (!plan.ok()) {
    std::fprintf(stderr, "%s\n", plan.status().ToString().c_str());
    return kExitLauncherFailed;
  }
  const Result<ExitRecord> record = Supervise(*plan);
  if (!record.ok()) std::fprintf(stderr, "%s\n", record.status().ToString().c_str());
  return record.ok() ? record->exit_code : kExitLauncherFailed;
}
