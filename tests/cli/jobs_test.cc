// Jobs by themselves: applied, shown in the shape of their own kind, changed, and refused.
#include <gmock/gmock.h>

#include "tests/cli/lockstep_process.h"

namespace lockstep {
namespace {

using testing::HasSubstr;
using testing::Not;

class JobsTest : public LockstepTest {
 protected:
  static std::string Job(const std::string& name, const std::string& script,
                         const std::string& more = "") {
    return "apiVersion: batch/v1\nkind: Job\nmetadata: {name: " + name +
           ", labels: {team: a}}\nspec:\n" + more +
           "  template:\n    spec:\n      restartPolicy: Never\n      containers:\n"
           "      - {name: main, image: none, command: [sh, -c, '" +
           script + "']}\n";
  }
  static std::string TrainingJob(const std::string& name, const std::string& script) {
    return "apiVersion: lockstep.dev/v1alpha1\nkind: TrainingJob\nmetadata: {name: " + name +
           "}\nspec:\n  roles:\n  - name: chief\n    template: {spec: {containers: [{name: m, "
           "command: [sh, -c, '" +
           script +
           "']}]}}\n  - name: worker\n    replicas: 2\n    template: {spec: {containers: "
           "[{name: m, command: [sh, -c, '" +
           script + "']}]}}\n";
  }
  Outcome Apply(const std::string& yaml) { return Run({"apply", "-f", WriteFile("f.yaml", yaml)}); }
};

TEST_F(JobsTest, AJobIsShownAsTheKindThatWasApplied) {
  Outcome applied = Apply(Job("one", "echo hello", "  parallelism: 2\n  completions: 2\n") +
                          "---\n" + TrainingJob("two", "echo $$LOCKSTEP_RANK"));
  ASSERT_EQ(applied.code, 0) << applied.err;
  EXPECT_EQ(applied.out, "job.batch/one created\ntrainingjob.lockstep.dev/two created\n");
  const Outcome waited = Run({"wait", "job/one", "job/two", "--for=condition=Complete"});
  ASSERT_EQ(waited.code, 0) << waited.err;
  EXPECT_EQ(waited.out,
            "job.batch/one condition met\ntrainingjob.lockstep.dev/two condition met\n");
  EXPECT_EQ(Run({"wait", "jobs.batch/one", "--for=condition=Succeeded"}).code, 0);

  const Outcome table = Run({"get", "jobs"});
  EXPECT_THAT(table.out, HasSubstr("NAME   KIND          STATE       RANKS   RESTARTS   AGE\n"
                                   "one    Job           Succeeded   0/2     0          "));
  EXPECT_THAT(table.out, HasSubstr("two    TrainingJob   Succeeded   0/3     0          "));
  EXPECT_EQ(Run({"get", "jobs.batch", "-o", "name"}).out, "job.batch/one\n");
  EXPECT_THAT(Run({"get", "pytorchjobs"}).err, HasSubstr("No pytorchjobs found"));
  EXPECT_THAT(Run({"get", "all"}).out, HasSubstr("job.batch/one"));

  const Json job = Get("job", "one");
  EXPECT_EQ(job["kind"], "Job");
  EXPECT_EQ(job["apiVersion"], "batch/v1");
  EXPECT_EQ(job["spec"]["completions"], 2);
  EXPECT_FALSE(job["spec"].contains("roles"));
  EXPECT_EQ(job["status"]["succeeded"], 2);
  EXPECT_EQ(job["status"]["conditions"].back()["type"], "Complete");
  EXPECT_EQ(job["metadata"]["labels"]["team"], "a");
  EXPECT_TRUE(job["metadata"].contains("uid"));
  EXPECT_EQ(Run({"get", "job/one", "-o", "jsonpath={.status.succeeded}"}).out, "2");
  EXPECT_EQ(Run({"get", "jobs", "-l", "team=a", "-o", "custom-columns=N:.metadata.name,K:.kind",
                 "--no-headers"})
                .out,
            "one   Job\n");
  // The TrainingJob is what it runs as.
  EXPECT_EQ(Get("trainingjob", "one")["spec"]["source"]["kind"], "Job");

  const Outcome described = Run({"describe", "job/two"});
  EXPECT_THAT(described.out, HasSubstr("Kind:         TrainingJob (lockstep.dev/v1alpha1)"));
  EXPECT_THAT(described.out, HasSubstr("Restarts:     0 of at most 0"));
  EXPECT_THAT(described.out, HasSubstr("worker   2          1-2"));
  EXPECT_EQ(Run({"logs", "job/two", "--role", "chief"}).out, "0\n");
  EXPECT_THAT(Run({"logs", "job/two", "--role", "worker"}).out, HasSubstr("[2] 2\n"));
  EXPECT_THAT(Run({"logs", "job/two", "--role", "wroker"}).err,
              HasSubstr("did you mean worker?): its roles are chief, worker"));
  EXPECT_EQ(Run({"logs", "job/two", "--role", "worker", "--rank", "1"}).code, 2);

  EXPECT_EQ(Run({"delete", "jobs", "--all"}).out,
            "Job default/one deleted\nTrainingJob default/two deleted\n");
  EXPECT_EQ(Run({"get", "job/one"}).code, 3);
}

TEST_F(JobsTest, AnotherKindOfTheSameNameIsRefusedAndNamed) {
  ASSERT_EQ(Apply(Job("taken", "exit 0")).code, 0);
  const Outcome other = Apply(TrainingJob("taken", "exit 0"));
  EXPECT_EQ(other.code, 4);
  EXPECT_EQ(other.err,
            "lockstep: TrainingJob default/taken: the name is taken by a Job, and jobs of all "
            "kinds share their names: delete that first (`lockstep delete job/taken`), or give "
            "this one another name\n");
  const Outcome both = Apply(Job("twice", "exit 0") + "---\n" + TrainingJob("twice", "exit 0"));
  EXPECT_EQ(both.code, 4);
  EXPECT_THAT(both.err, HasSubstr("a job default/twice is there already, in "));
  EXPECT_THAT(both.err, HasSubstr("a name is shared by jobs of all kinds"));
  const Outcome missing = Run({"get", "pytorchjob/taken"});
  EXPECT_EQ(missing.code, 3);
  EXPECT_THAT(missing.err, HasSubstr("no PyTorchJob default/taken: there is a job of that name, "
                                     "Job default/taken"));
  EXPECT_EQ(Run({"delete", "tfjob/taken"}).code, 3);
  EXPECT_EQ(Run({"get", "job/taken"}).code, 0) << "it was not deleted by another kind's name";
}

TEST_F(JobsTest, WhatMayChangeOfAJobChangesAndTheRestIsRefusedInItsOwnWords) {
  const std::string sleeper = "exec sleep 600";
  ASSERT_EQ(Apply(Job("j", sleeper)).code, 0);
  EXPECT_EQ(Apply(Job("j", sleeper)).out, "job.batch/j unchanged\n");
  const Outcome changed = Apply(Job("j", sleeper, "  parallelism: 2\n  completions: 2\n"));
  EXPECT_EQ(changed.code, 4);
  EXPECT_THAT(changed.err, HasSubstr("Job default/j cannot be changed like this"));
  EXPECT_THAT(changed.err, HasSubstr("spec.parallelism (new)"));
  EXPECT_THAT(changed.err, HasSubstr("delete it first"));
  std::string labelled = Job("j", sleeper);
  labelled.replace(labelled.find("team: a"), 7, "team: b");
  EXPECT_EQ(Apply(labelled).out, "job.batch/j configured\n");
  EXPECT_EQ(Get("job", "j")["metadata"]["labels"]["team"], "b");
  EXPECT_THAT(Run({"suspend", "job/j", "--wait"}).out, HasSubstr("job.batch/j suspended"));
  EXPECT_EQ(Get("trainingjob", "j")["status"].value("active", 0), 0);
  EXPECT_THAT(Run({"resume", "job.batch/j"}).out, HasSubstr("job.batch/j resumed"));
  EXPECT_EQ(Run({"delete", "job/j"}).code, 0);
}

TEST_F(JobsTest, FindingsAreAtTheManifestsOwnFields) {
  const Outcome refused = Apply(Job("j", "exit 0", "  completions: 3\n  backofLimit: 1\n"));
  EXPECT_EQ(refused.code, 4);
  EXPECT_THAT(refused.err, HasSubstr("spec.completions: "));
  EXPECT_THAT(refused.err, HasSubstr("spec.backofLimit: unknown field \"backofLimit\" (did you "
                                     "mean backoffLimit?)"));
  EXPECT_THAT(refused.err, Not(HasSubstr("spec.roles")));
  const Outcome kind =
      Apply("apiVersion: kubeflow.org/v1\nkind: PyTorchJbo\nmetadata: {name: x}\n");
  EXPECT_EQ(kind.code, 4);
  EXPECT_THAT(kind.err, HasSubstr("did you mean PyTorchJob?"));
}

TEST_F(JobsTest, TheirPlanIsRenderedWithoutAnOperator) {
  const std::string file = WriteFile("j.yaml", Job("j", "echo hi", "  parallelism: 1\n"));
  const Outcome plan = Run({"render", file, "--plan", "-o", "json"});
  ASSERT_EQ(plan.code, 0) << plan.err;
  const Json json = Json::parse(plan.out, nullptr, false);
  EXPECT_EQ(json["job"]["spec"]["source"]["kind"], "Job");
  EXPECT_EQ(json["plan"]["roles"][0]["command"], (Json{"sh", "-c", "echo hi"}));
  EXPECT_EQ(Json::parse(Run({"render", file, "-o", "json"}).out, nullptr, false)["kind"],
            "TrainingJob");
  const Outcome set = Run({"render", file, "--set", "x=1"});
  EXPECT_EQ(set.code, 4);
  EXPECT_THAT(set.err, HasSubstr("--set and --name are of a trial, and Job default/j is a job"));
}

TEST_F(JobsTest, CompletionKnowsTheirKindsAndNames) {
  ASSERT_EQ(Apply(Job("alpha", "exit 0") + "---\n" + TrainingJob("beta", "exit 0")).code, 0);
  EXPECT_EQ(Run({"__complete", "get", "pytorchj"}).out, "pytorchjob/\npytorchjobs\n");
  EXPECT_EQ(Run({"__complete", "describe", "job/"}).out, "job/alpha\njob/beta\n");
  EXPECT_EQ(Run({"__complete", "get", "jobs.batch", ""}).out, "alpha\n");
  EXPECT_EQ(Run({"__complete", "delete", "tfjob/"}).out, "");
}

TEST_F(JobsTest, ExplainSaysWhereTheFieldsOfOtherKindsAre) {
  const Outcome explained = Run({"explain", "pytorchjob"});
  EXPECT_EQ(explained.code, 4);
  EXPECT_THAT(explained.err, HasSubstr("lockstep explain trainingjob.spec"));
}

}  // namespace
}  // namespace lockstep
