using System.CommandLine;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>delete</c>.</summary>
public static class DeleteCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var target = new Argument<string[]>("kind-and-names") { Description = "KIND NAME...", Arity = ArgumentArity.ZeroOrMore };
        var file = new Option<string?>("--file", "-f") { Description = "remove the resources of this file" };
        var reason = Changes.Reason();
        var dryRun = Changes.DryRun();
        return new Command("delete", "remove resources: all of them in one change set, or none") { target, file, reason, dryRun }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var words = parsed.GetValue(target) ?? [];
                var path = parsed.GetValue(file);
                IEnumerable<(KindName, string)> resources = (words, path) switch
                {
                    ([_, _, ..], null) => words.Skip(1).Select(name => (KindName.Parse(words[0]), name)),
                    ([], { } given) => (await DocumentReader.ReadAsync(given, host.In, cancellationToken)).Select(r => (r.Kind, r.Name)),
                    _ => throw new CtlException(ExitCodes.Usage, "give either KIND NAME... or -f FILE"),
                };
                var dry = parsed.GetValue(dryRun);
                var changes = Changes.Delete(resources);
                var answer = await Changes.SendAsync(session, changes, parsed.GetValue(reason), dry, cancellationToken);
                if (!session.Print.Data(answer))
                {
                    Changes.Print(session, changes, answer, dry);
                    if (dry)
                    {
                        PlanCommand.Print(session, answer);
                    }
                }

                return ExitCodes.Done;
            });
    }
}
