using System.CommandLine;
using Fabric.Ctl.Api;

namespace Fabric.Ctl.Commands;

/// <summary><c>login</c>.</summary>
public static class LoginCommand
{
    /// <summary>The command.</summary>
    public static Command Build(CtlHost host)
    {
        var command = new Command("login", "remember a controller and a token for later commands, after having tried them");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var connection = CommandTree.Connect(parsed, host);
            using var api = new ApiClient(connection);
            var status = await api.GetAsync(Endpoints.Status, cancellationToken);
            var file = connection.Save(host);
            var print = CommandTree.Printer(parsed, host);
            if (!print.Data(status))
            {
                print.Line($"logged in to {connection.Server.GetLeftPart(UriPartial.Authority)}; kept in {file}");
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
