// A GJSON path (the first line) over a job object (JSON behind it; a built-in one when there is
// none).
#include "operators/convert/gjson.h"

#include "operators/codec/document.h"
#include "operators/convert/job_condition.h"
#include "runtime/base/check.h"
#include "tests/fuzz/fuzzer.h"

namespace lockstep {
namespace {

const Json& SomeJob() {
  static const Json kJob = Json::parse(R"json({"status": {
    "active": 0, "succeeded": 1, "phase": "Succeeded", "a.b": {"c": 1}, "empty": [],
    "conditions": [
      {"type": "Complete", "status": "False", "reason": "R", "message": "m"},
      {"type": "Complete", "status": "True"},
      {"type": "Failed", "status": "True"}],
    "flags": [true, false, null], "nested": [[1, 2], [3]], "scores": [1, 2.5, -3, 1e300],
    "pods": [{"name": "p0", "exits": [{"code": 0}, {"code": 7}]}, {"name": "é"}]}})json");
  return kJob;
}

}  // namespace

void FuzzOne(std::string_view input) {
  const auto [path, text] = SplitFirstLine(input);
  const auto document = ParseJson(text, "job", {.nodes_max = 2000});
  const Json& job = document.ok() ? document->value : SomeJob();
  const Status check = CheckGjson(path);
  const auto found = QueryGjson(job, path);
  if (check.ok()) {
    CHECK(found.ok() || found.status().message().find("select less") != std::string::npos)
        << found.status().message();
  } else {
    CHECK(check.kind() == StatusKind::kInvalidArgument && !check.message().empty());
    CHECK(!found.ok()) << check.message();
  }
  const auto again = QueryGjson(job, path);
  CHECK(found.ok() == again.ok() && (!found.ok() || *found == *again));
  const JobVerdict verdict = JudgeJob(job, path, "status.failed");
  CHECK(check.ok() || verdict.state != JobVerdict::State::kSucceeded);
  static_cast<void>(JudgeJob(job, "status.succeeded", path));
}

}  // namespace lockstep
