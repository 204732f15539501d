using System.CommandLine;
using Fabric.Ctl.Documents;

namespace Fabric.Ctl.Commands;

/// <summary><c>apply</c>.</summary>
public static class ApplyCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var file = new Option<string>("--file", "-f") { Description = "file of YAML or JSON documents, a directory of such files, or - for standard input", Required = true };
        var reason = Changes.Reason();
        var dryRun = Changes.DryRun();
        var wait = Changes.Wait();
        return new Command("apply", "make resources be as the file says: all of them in one change set, or none") { file, reason, dryRun, wait }
            .With(host, async (parsed, session, cancellationToken) =>
            {
                var time = Changes.WaitTime(parsed, wait);
                var dry = parsed.GetValue(dryRun);
                var resources = await DocumentReader.ReadAsync(parsed.GetValue(file)!, host.In, cancellationToken);
                var changes = Changes.Apply(resources);
                var answer = await Changes.SendAsync(session, changes, parsed.GetValue(reason), dry, cancellationToken);
                if (!session.Print.Data(answer))
                {
                    Changes.Print(session, changes, answer, dry);
                    if (dry)
                    {
                        PlanCommand.Print(session, answer);
                    }
                }

                if (time is { } patience && !dry)
                {
                    var begin = host.Time.GetTimestamp();
                    await Changes.WaitReadyAsync(session, resources.Select(r => (r.Kind, r.Name)), patience, cancellationToken);
                    session.Print.Note($"ready after {host.Time.GetElapsedTime(begin).TotalSeconds:0.0} s");
                }

                return ExitCodes.Done;
            });
    }
}
