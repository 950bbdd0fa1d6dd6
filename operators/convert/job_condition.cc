#include "operators/convert/job_condition.h"

#include "operators/codec/text_field.h"
#include "operators/convert/gjson.h"

namespace lockstep {
namespace {

// Whether `condition` holds; `verdict` takes what it says then, or what is wrong with it.
bool Holds(const Json& job, std::string_view condition, JobVerdict& verdict) {
  if (condition.empty()) return false;
  const Result<std::optional<Json>> found = QueryGjson(job, condition);
  if (!found.ok()) {
    verdict.message += (verdict.message.empty() ? "" : "; ") + found.status().message();
    return false;
  }
  const Json value = found->value_or(Json());
  if (!value.is_object() && (!value.is_array() || value.empty())) return false;
  const Json& first = value.is_array() ? value.front() : value;
  if (!first.is_object()) {
    verdict.message += (verdict.message.empty() ? "" : "; ") + std::string(condition) + " finds " +
                       value.dump() + ", a list of what are no objects, and so never holds";
    return false;
  }
  verdict.reason = TextField(first, "reason");
  verdict.message = TextField(first, "message");
  return true;
}

}  // namespace

JobVerdict JudgeJob(const Json& job, std::string_view success_condition,
                    std::string_view failure_condition) {
  JobVerdict verdict;
  if (Holds(job, failure_condition, verdict)) {
    verdict.state = JobVerdict::State::kFailed;
  } else if (Holds(job, success_condition, verdict)) {
    verdict.state = JobVerdict::State::kSucceeded;
  }
  return verdict;
}

}  // namespace lockstep
